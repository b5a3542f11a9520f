import type { FaultDefinition } from '../definition.ts'

export const delivery = {
  'route-unknown': {
    title: { en: 'There is no route of this name', de: 'Es gibt keine Route dieses Namens' },
    http: 500,
    smtp: '451 4.4.4',
    retry: false,
    severity: 'error',
  },
  'next-hop-unreachable': {
    title: { en: 'The next mail server cannot be reached', de: 'Der nächste Mailserver ist nicht erreichbar' },
    http: 502,
    smtp: '451 4.4.1',
    retry: true,
    severity: 'warning',
  },
  'next-hop-timeout': {
    title: {
      en: 'The next mail server did not answer in time',
      de: 'Der nächste Mailserver hat nicht rechtzeitig geantwortet',
    },
    http: 504,
    smtp: '451 4.4.2',
    retry: true,
    severity: 'warning',
  },
  'next-hop-temporary': {
    title: { en: 'The next mail server refused for now', de: 'Der nächste Mailserver hat vorläufig abgelehnt' },
    http: 502,
    smtp: '451 4.4.0',
    retry: true,
    severity: 'info',
  },
  'next-hop-refused': {
    title: { en: 'The next mail server refused the message', de: 'Der nächste Mailserver hat die Nachricht abgelehnt' },
    http: 502,
    smtp: '550 5.0.0',
    retry: false,
    severity: 'warning',
  },
  'tls-required': {
    title: {
      en: 'The next mail server offers no usable TLS',
      de: 'Der nächste Mailserver bietet kein verwendbares TLS',
    },
    http: 502,
    smtp: '451 4.7.5',
    retry: true,
    severity: 'warning',
  },
  'dns-unavailable': {
    title: { en: 'The name service gave no answer', de: 'Der Namensdienst hat nicht geantwortet' },
    http: 502,
    smtp: '451 4.4.3',
    retry: true,
    severity: 'warning',
  },
  'retry-exhausted': {
    title: {
      en: 'The message could not be delivered in time',
      de: 'Die Nachricht konnte nicht rechtzeitig zugestellt werden',
    },
    http: 502,
    smtp: '550 4.4.7',
    retry: false,
    severity: 'warning',
  },
  'delivery-uncertain': {
    title: {
      en: 'The mail may have arrived twice already; a person decides whether it is sent again',
      de: 'Die Nachricht ist womöglich schon zweimal angekommen; ein Mensch entscheidet, ob sie erneut gesendet wird',
    },
    http: 409,
    smtp: '451 4.4.2',
    retry: false,
    severity: 'error',
  },
  'effect-refused': {
    title: { en: 'The service refused the call', de: 'Der Dienst hat den Aufruf abgelehnt' },
    http: 502,
    smtp: '550 5.3.0',
    retry: false,
    severity: 'error',
  },
  'effect-unreachable': {
    title: { en: 'The service cannot be reached', de: 'Der Dienst ist nicht erreichbar' },
    http: 502,
    smtp: '451 4.3.0',
    retry: true,
    severity: 'warning',
  },
} as const satisfies Record<string, FaultDefinition>
