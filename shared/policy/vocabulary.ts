import type { ProtectionToken } from '../domain/index.ts'
import type { Text } from './diagnostic.ts'
import type { Policy } from './policy.ts'
import { TOKENS } from './vocabulary-texts.ts'

export interface Vocabulary {
  readonly labels: readonly {
    readonly id: string
    readonly title: string
    /** '' for a label of the tenant's own that says none. */
    readonly description: string
    /** `#rrggbb` */
    readonly color: string
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

/** For labels of the usual names that bring no sentence. */
const SENTENCES: Readonly<Record<string, Text>> = {
  public: { de: 'Darf jeder lesen', en: 'Anybody may read it' },
  internal: { de: 'Für Kolleginnen, Kollegen und Partner', en: 'For colleagues and partners' },
  confidential: {
    de: 'Nur für die genannten Empfänger; geht geschützt hinaus',
    en: 'For the named recipients only; leaves protected',
  },
  secret: {
    de: 'Schadet, wenn es Fremde lesen; stärkster Schutz',
    en: 'Does harm when strangers read it; strongest protection',
  },
}

/** From calm to alarming; each has a contrast of 3:1 and more on white and on dark grey. */
const COLORS = ['#107c10', '#0f6cbd', '#c4501b', '#c50f1f'] as const

function colorOf(rank: number, count: number): string {
  return COLORS[count < 2 ? 0 : Math.round((rank / (count - 1)) * (COLORS.length - 1))]!
}

/** Labels and protections in one language, for task pane, API and wizard. */
export function vocabulary(policy: Policy, language: 'de' | 'en'): Vocabulary {
  const { list, default: standard, highest } = policy.tenantLabels
  return {
    labels: list.map(({ id, title, description = SENTENCES[id], color }, rank) => ({
      id,
      title: title[language],
      description: description?.[language] ?? '',
      color: color ?? colorOf(rank, list.length),
      standard: id === standard.id,
      highest: id === highest.id,
    })),
    protections: TOKENS.map((token) => {
      const { title, doc, parameters } = PROTECTIONS[token]
      return { token, title: title[language], description: doc[language], parameters }
    }),
  }
}
