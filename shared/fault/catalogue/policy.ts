import type { FaultDefinition } from '../definition.ts'

export const policy = {
  'policy-none': {
    title: { en: 'No valid policy is loaded', de: 'Es ist keine gültige Richtlinie geladen' },
    http: 503,
    smtp: '451 4.3.5',
    retry: true,
    severity: 'critical',
  },
  'policy-invalid': {
    title: { en: 'The policy is not valid', de: 'Die Richtlinie ist nicht gültig' },
    http: 422,
    smtp: '451 4.3.5',
    retry: false,
    severity: 'error',
  },
  'bundle-refused': {
    title: { en: 'The policy bundle was refused', de: 'Das Richtlinien-Bündel wurde abgelehnt' },
    http: 422,
    smtp: '451 4.3.5',
    retry: false,
    severity: 'error',
  },
  'second-person-needed': {
    title: {
      en: 'Somebody else than the author has to apply this policy',
      de: 'Diese Richtlinie muss jemand anderes als ihr Verfasser in Kraft setzen',
    },
    http: 403,
    smtp: '451 4.3.5',
    retry: false,
    severity: 'info',
  },
  'policy-engine': {
    title: { en: 'The policy could not be evaluated', de: 'Die Richtlinie konnte nicht ausgewertet werden' },
    http: 500,
    smtp: '451 4.3.5',
    retry: true,
    severity: 'error',
  },
  'policy-rejected': {
    title: { en: 'Refused by the policy of the organisation', de: 'Durch die Richtlinie der Organisation abgelehnt' },
    http: 422,
    smtp: '550 5.7.1',
    retry: false,
    severity: 'info',
  },
  'role-unheld': {
    title: { en: 'Nobody holds the role of the policy', de: 'Niemand hat die Rolle inne, die die Richtlinie nennt' },
    http: 422,
    smtp: '451 4.3.5',
    retry: false,
    severity: 'error',
  },
  'action-impossible': {
    title: {
      en: 'An action of the policy cannot be carried out on this message',
      de: 'Eine Aktion der Richtlinie ist an dieser Nachricht nicht ausführbar',
    },
    http: 422,
    smtp: '550 5.7.1',
    retry: false,
    severity: 'error',
  },
} as const satisfies Record<string, FaultDefinition>
