/** Sentences of the engine itself. */
import type { Missing } from '../../domain/index.ts'
import type { Text } from '../diagnostic.ts'

const FIELDS: Readonly<Record<string, Text>> = {
  certificate: {
    de: 'Für den Empfänger ist kein gültiges S/MIME-Zertifikat bekannt',
    en: 'No valid S/MIME certificate of the recipient is known',
  },
  'pgp-key': {
    de: 'Für den Empfänger ist kein gültiger OpenPGP-Schlüssel bekannt',
    en: 'No valid OpenPGP key of the recipient is known',
  },
  phone: { de: 'Für den Empfänger ist keine Telefonnummer bekannt', en: 'No phone number of the recipient is known' },
  tls: {
    de: 'Der Server des Empfängers bietet kein geprüftes TLS',
    en: "The recipient's server does not offer verified TLS",
  },
  reason: { de: 'Für weniger Schutz fehlt eine Begründung', en: 'Less protection needs a reason' },
  plain: {
    de: 'Die Richtlinie lässt hier nicht weniger Schutz zu',
    en: 'The policy does not allow less protection here',
  },
}

export function missing(field: string): Missing {
  return { field, text: FIELDS[field] ?? { de: `${field} ist nicht bekannt`, en: `${field} is not known` } }
}

/** A method the sender asked for that does not stand among the accepted ones. */
export function notAccepted(token: string): Missing {
  return {
    field: token,
    text: { de: `Die Richtlinie lässt ${token} hier nicht zu`, en: `The policy does not accept ${token} here` },
  }
}

export const NO_METHOD = 'No accepted protection can be read by this recipient'
export const NO_COMMON_METHOD = 'The rules that apply have no accepted protection in common'
export const SECOND_FACTOR = 'The link needs a second factor and no phone number of the recipient is known'
export const NO_PHONE = 'The password has to be sent by text message and no phone number of the recipient is known'

export function conflictText(name: string, rules: readonly string[]): string {
  return `Rules ${rules.join(' and ')} disagree on ${name}`
}
