import type { Method, Outcome, ProtectionToken } from '../domain/index.ts'

/** One text in every language a user may have. */
export interface Text {
  readonly de: string
  readonly en: string
}

/** Names of methods as people read them in tables, receipts and notices. */
export const METHOD_TEXTS: Readonly<Record<Method, Text>> = {
  smime: { de: 'S/MIME', en: 'S/MIME' },
  pgp: { de: 'OpenPGP', en: 'OpenPGP' },
  pdf: { de: 'Verschlüsseltes PDF', en: 'Encrypted PDF' },
  portal: { de: 'Portal', en: 'Portal' },
  tls: { de: 'Transportverschlüsselung', en: 'Transport encryption' },
}

export const OUTCOME_TEXTS: Readonly<Record<Outcome, Text>> = {
  deliver: { de: 'wird zugestellt', en: 'is delivered' },
  defer: { de: 'wird später erneut versucht', en: 'is tried again later' },
  hold: { de: 'wartet auf Freigabe', en: 'waits for approval' },
  quarantine: { de: 'in Quarantäne', en: 'in quarantine' },
  reject: { de: 'wird abgelehnt', en: 'is refused' },
}

/** What a sender chooses from. */
export const PROTECTION_TEXTS: Readonly<Record<ProtectionToken, Text>> = {
  sign: { de: 'Signieren', en: 'Sign' },
  encrypt: { de: 'Verschlüsseln', en: 'Encrypt' },
  smime: { de: 'Mit S/MIME verschlüsseln', en: 'Encrypt with S/MIME' },
  pgp: { de: 'Mit OpenPGP verschlüsseln', en: 'Encrypt with OpenPGP' },
  pdf: { de: 'Als verschlüsseltes PDF senden', en: 'Send as an encrypted PDF' },
  portal: { de: 'Über das Portal senden', en: 'Send through the portal' },
  filelink: { de: 'Anhänge als Link senden', en: 'Send attachments as links' },
  plain: { de: 'Unverschlüsselt senden', en: 'Send without encryption' },
  receipt: { de: 'Nachweis anfordern', en: 'Ask for a receipt' },
  none: { de: 'Wie die Richtlinie es vorsieht', en: 'As the policy says' },
}
