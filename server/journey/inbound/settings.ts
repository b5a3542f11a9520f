/** What a tenant wants done with strangers' mail for its own people. */
export interface InboundSettings {
  /** `decrypt`: verify, and decrypt where we hold the key. `verify`: the bytes stay as received. `off`: nothing is looked at. */
  readonly open: 'decrypt' | 'verify' | 'off'
  /** `keep`: a signature that the reader's own program can verify stays around the content. */
  readonly signatures: 'keep' | 'remove'
  /** What the subject of a verified or decrypted mail begins with; a mark that comes from outside is removed. */
  readonly marks: { readonly good?: string; readonly decrypted?: string; readonly bad?: string }
  /** How the reader is told in the mail itself. */
  readonly report: 'none' | 'block' | 'attachment'
  /** Ciphers that are opened although they are too weak. */
  readonly legacy: { readonly tripleDes?: boolean }
  /** Certificates of good signers are kept as peers' keys. */
  readonly harvest: boolean
}

export const DEFAULT_INBOUND: InboundSettings = {
  open: 'decrypt',
  signatures: 'keep',
  marks: {},
  report: 'none',
  legacy: {},
  harvest: true,
}
