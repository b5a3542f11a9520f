import type { ProtectionToken } from '../domain/index.ts'
import type { Text } from './diagnostic.ts'
import type { Policy } from './policy.ts'
import { TOKENS } from './vocabulary-texts.ts'

export interface Vocabulary {
  readonly labels: readonly {
    readonly id: string
    readonly title: string
    readonly standard: boolean
    readonly highest: boolean
  }[]
  readonly protections: readonly {
    readonly token: ProtectionToken
    readonly title: string
    readonly description: string
    /** Names of the parameters the token takes. */
    readonly parameters: readonly string[]
  }[]
}

const PROTECTIONS: Readonly<Record<ProtectionToken, { title: Text; doc: Text; parameters: readonly string[] }>> = {
  encrypt: {
    title: { de: 'Verschlüsseln', en: 'Encrypt' },
    doc: {
      de: 'Mit der besten Methode, die der Empfänger lesen kann',
      en: 'By the best method the recipient can read',
    },
    parameters: [],
  },
  sign: {
    title: { de: 'Signieren', en: 'Sign' },
    doc: { de: 'Der Empfänger kann Absender und Inhalt prüfen', en: 'The recipient can check sender and content' },
    parameters: [],
  },
  smime: {
    title: { de: 'S/MIME', en: 'S/MIME' },
    doc: { de: 'Verschlüsselung mit Zertifikat', en: 'Encryption with a certificate' },
    parameters: [],
  },
  pgp: {
    title: { de: 'OpenPGP', en: 'OpenPGP' },
    doc: { de: 'Verschlüsselung mit OpenPGP-Schlüssel', en: 'Encryption with an OpenPGP key' },
    parameters: [],
  },
  pdf: {
    title: { de: 'PDF mit Passwort', en: 'PDF with password' },
    doc: {
      de: 'Die Mail als verschlüsselte PDF-Datei, das Passwort per SMS',
      en: 'The mail as an encrypted PDF file, the password by text message',
    },
    parameters: ['sms'],
  },
  portal: {
    title: { de: 'Portal', en: 'Portal' },
    doc: { de: 'Der Empfänger liest und antwortet im Browser', en: 'The recipient reads and answers in the browser' },
    parameters: [],
  },
  filelink: {
    title: { de: 'Anhänge als Link', en: 'Attachments as links' },
    doc: { de: 'Dateien werden zum Herunterladen bereitgestellt', en: 'Files are offered for download' },
    parameters: ['expires', 'second-factor'],
  },
  receipt: {
    title: { de: 'Quittung', en: 'Receipt' },
    doc: { de: 'Nachweis, wie die Mail geschützt wurde', en: 'Proof of how the mail was protected' },
    parameters: [],
  },
  plain: {
    title: { de: 'Ohne Schutz', en: 'Without protection' },
    doc: {
      de: 'Nur wo die Richtlinie es erlaubt, mit Begründung',
      en: 'Only where the policy allows it, with a reason',
    },
    parameters: ['reason'],
  },
  none: {
    title: { de: 'Wie die Richtlinie sagt', en: 'As the policy says' },
    doc: { de: 'Kein eigener Wunsch', en: 'No wish of your own' },
    parameters: [],
  },
}

/** Labels and protections in one language, for task pane, API and wizard. */
export function vocabulary(policy: Policy, language: 'de' | 'en'): Vocabulary {
  const { list, default: standard, highest } = policy.tenantLabels
  return {
    labels: list.map(({ id, title }) => ({
      id,
      title: title[language],
      standard: id === standard.id,
      highest: id === highest.id,
    })),
    protections: TOKENS.map((token) => {
      const { title, doc, parameters } = PROTECTIONS[token]
      return { token, title: title[language], description: doc[language], parameters }
    }),
  }
}
