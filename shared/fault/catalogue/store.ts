import type { FaultDefinition } from '../definition.ts'

export const store = {
  'disk-full': {
    title: { en: 'Not enough storage for now', de: 'Zurzeit nicht genügend Speicher' },
    http: 507,
    smtp: '452 4.3.1',
    retry: true,
    severity: 'critical',
  },
  'store-unavailable': {
    title: { en: 'The storage is not available for now', de: 'Der Speicher ist zurzeit nicht verfügbar' },
    http: 503,
    smtp: '451 4.3.0',
    retry: true,
    severity: 'critical',
  },
  'blob-missing': {
    title: { en: 'Stored content is missing', de: 'Gespeicherter Inhalt fehlt' },
    http: 500,
    smtp: '451 4.3.0',
    retry: false,
    severity: 'critical',
  },
  'blob-damaged': {
    title: { en: 'Stored content is damaged', de: 'Gespeicherter Inhalt ist beschädigt' },
    http: 500,
    smtp: '451 4.3.0',
    retry: false,
    severity: 'critical',
  },
  'blob-locked': {
    title: {
      en: 'Stored content is under a retention lock',
      de: 'Gespeicherter Inhalt unterliegt einer Aufbewahrungssperre',
    },
    http: 409,
    smtp: '550 5.7.1',
    retry: false,
    severity: 'warning',
  },
  'schema-unknown': {
    title: {
      en: 'The database was written by a newer version',
      de: 'Die Datenbank wurde von einer neueren Version geschrieben',
    },
    http: 500,
    smtp: '451 4.3.5',
    retry: false,
    severity: 'critical',
  },
  'lease-lost': {
    title: { en: 'The lease on this job was lost', de: 'Der Anspruch auf diesen Auftrag ging verloren' },
    http: 409,
    smtp: '451 4.3.0',
    retry: true,
    severity: 'warning',
  },
} as const satisfies Record<string, FaultDefinition>
