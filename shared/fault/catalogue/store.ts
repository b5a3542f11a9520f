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
  'store-in-doubt': {
    title: {
      en: 'The storage failed, and it is not certain whether this was stored',
      de: 'Der Speicher ist ausgefallen, und es ist nicht sicher, ob dies gespeichert wurde',
    },
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
  'move-refused': {
    title: { en: 'The installation cannot be moved so', de: 'Die Installation kann so nicht umziehen' },
    http: 409,
    smtp: '451 4.3.0',
    retry: false,
    severity: 'warning',
  },
  'move-differs': {
    title: { en: 'Source and target of the move differ', de: 'Quelle und Ziel des Umzugs stimmen nicht überein' },
    http: 500,
    smtp: '451 4.3.0',
    retry: false,
    severity: 'critical',
  },
  'job-running': {
    title: { en: 'A worker has this job in hand', de: 'Ein Worker bearbeitet diesen Auftrag gerade' },
    http: 409,
    smtp: '451 4.3.0',
    retry: false,
    severity: 'info',
  },
  'job-state': {
    title: { en: 'This cannot be done in its present state', de: 'Im jetzigen Zustand ist das nicht möglich' },
    http: 409,
    smtp: '451 4.3.0',
    retry: false,
    severity: 'info',
  },
  'lease-lost': {
    title: { en: 'The lease on this job was lost', de: 'Der Anspruch auf diesen Auftrag ging verloren' },
    http: 409,
    smtp: '451 4.3.0',
    retry: true,
    severity: 'warning',
  },
} as const satisfies Record<string, FaultDefinition>
