import type { FaultDefinition } from '../definition.ts'

export const link = {
  'link-unknown': {
    title: { en: 'This link is not known', de: 'Dieser Link ist nicht bekannt' },
    http: 404,
    smtp: '550 5.1.1',
    retry: false,
    severity: 'info',
  },
  'link-expired': {
    title: { en: 'This link has expired', de: 'Dieser Link ist abgelaufen' },
    http: 410,
    smtp: '550 5.1.1',
    retry: false,
    severity: 'info',
  },
  'link-revoked': {
    title: { en: 'This link was recalled by the sender', de: 'Dieser Link wurde vom Absender zurückgezogen' },
    http: 410,
    smtp: '550 5.1.1',
    retry: false,
    severity: 'info',
  },
  'code-wrong': {
    title: { en: 'The code is wrong or has expired', de: 'Der Code ist falsch oder abgelaufen' },
    http: 403,
    smtp: '535 5.7.8',
    retry: false,
    severity: 'warning',
  },
  'code-attempts-exhausted': {
    title: { en: 'Too many wrong codes, ask for a new one', de: 'Zu viele falsche Codes, bitte einen neuen anfordern' },
    http: 429,
    smtp: '535 5.7.8',
    retry: false,
    severity: 'warning',
  },
  'factor-missing': {
    title: { en: 'Another proof of identity is needed first', de: 'Zuerst wird ein weiterer Nachweis benötigt' },
    http: 403,
    smtp: '530 5.7.0',
    retry: false,
    severity: 'info',
  },
  'phone-missing': {
    title: {
      en: 'No phone number is known for this recipient',
      de: 'Für diesen Empfänger ist keine Telefonnummer bekannt',
    },
    http: 422,
    smtp: '550 5.7.1',
    retry: false,
    severity: 'warning',
  },
  'range-unsatisfiable': {
    title: { en: 'The requested range is not in the file', de: 'Der angeforderte Bereich liegt nicht in der Datei' },
    http: 416,
    smtp: '550 5.5.4',
    retry: false,
    severity: 'info',
  },
} as const satisfies Record<string, FaultDefinition>
