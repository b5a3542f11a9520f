import type { FaultDefinition } from '../definition.ts'

export const config = {
  'config-invalid': {
    title: { en: 'The configuration is not valid', de: 'Die Konfiguration ist nicht gültig' },
    http: 500,
    smtp: '451 4.3.5',
    retry: false,
    severity: 'critical',
  },
  'config-missing': {
    title: { en: 'A setting is missing', de: 'Eine Einstellung fehlt' },
    http: 500,
    smtp: '451 4.3.5',
    retry: false,
    severity: 'critical',
  },
  'node-too-old': {
    title: { en: 'Node 24 or newer is needed', de: 'Node 24 oder neuer wird gebraucht' },
    http: 500,
    smtp: '451 4.3.5',
    retry: false,
    severity: 'critical',
  },
} as const satisfies Record<string, FaultDefinition>
