import type { FaultDefinition } from '../definition.ts'

export const api = {
  internal: {
    title: { en: 'Something went wrong on our side', de: 'Bei uns ist etwas schiefgegangen' },
    http: 500,
    smtp: '451 4.3.0',
    retry: true,
    severity: 'error',
  },
  'request-invalid': {
    title: { en: 'The request is not valid', de: 'Die Anfrage ist nicht gültig' },
    http: 400,
    smtp: '501 5.5.4',
    retry: false,
    severity: 'info',
  },
  unauthenticated: {
    title: { en: 'Sign in first', de: 'Bitte zuerst anmelden' },
    http: 401,
    smtp: '530 5.7.0',
    retry: false,
    severity: 'info',
  },
  'sign-in-away': {
    title: {
      en: 'The sign-in service of your organisation does not answer',
      de: 'Der Anmeldedienst Ihrer Organisation antwortet nicht',
    },
    http: 503,
    smtp: '454 4.7.0',
    retry: true,
    severity: 'error',
  },
  'credentials-wrong': {
    title: { en: 'The credentials are wrong', de: 'Die Anmeldedaten sind falsch' },
    http: 401,
    smtp: '535 5.7.8',
    retry: false,
    severity: 'warning',
  },
  forbidden: {
    title: { en: 'Not allowed for this identity', de: 'Für diese Identität nicht erlaubt' },
    http: 403,
    smtp: '550 5.7.1',
    retry: false,
    severity: 'warning',
  },
  'not-found': {
    title: { en: 'There is no such thing', de: 'Das gibt es nicht' },
    http: 404,
    smtp: '550 5.1.1',
    retry: false,
    severity: 'info',
  },
  'rate-limited': {
    title: { en: 'Too many requests, try again later', de: 'Zu viele Anfragen, bitte später erneut versuchen' },
    http: 429,
    smtp: '450 4.7.0',
    retry: true,
    severity: 'warning',
  },
  'payload-too-large': {
    title: { en: 'The request is larger than allowed', de: 'Die Anfrage ist größer als erlaubt' },
    http: 413,
    smtp: '552 5.3.4',
    retry: false,
    severity: 'info',
  },
  'media-type-unsupported': {
    title: { en: 'This media type is not taken here', de: 'Dieser Medientyp wird hier nicht angenommen' },
    http: 415,
    smtp: '550 5.6.1',
    retry: false,
    severity: 'info',
  },
  'cross-site': {
    title: { en: 'The request came from another site', de: 'Die Anfrage kam von einer anderen Website' },
    http: 403,
    smtp: '550 5.7.1',
    retry: false,
    severity: 'warning',
  },
  'idempotency-conflict': {
    title: {
      en: 'The same Idempotency-Key came with another body',
      de: 'Derselbe Idempotency-Key kam mit anderem Inhalt',
    },
    http: 422,
    smtp: '550 5.5.0',
    retry: false,
    severity: 'info',
  },
  'idempotency-in-progress': {
    title: {
      en: 'A request with this Idempotency-Key is still under way',
      de: 'Eine Anfrage mit diesem Idempotency-Key läuft noch',
    },
    http: 409,
    smtp: '450 4.5.0',
    retry: true,
    severity: 'info',
  },
} as const satisfies Record<string, FaultDefinition>
