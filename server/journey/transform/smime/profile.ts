import type { RsaSignature } from './signature-scheme.ts'

/** How a tenant writes S/MIME. */
export interface SmimeProfile {
  readonly rsaSignature: RsaSignature
  readonly signature: 'clear' | 'opaque'
  /** `negotiate`: AES-256-GCM where everybody a copy goes to is known to read it, AES-256-CBC otherwise. */
  readonly content: 'negotiate' | 'cbc'
  readonly keyTransport: 'oaep' | 'pkcs1'
  /** Signs what was encrypted once more (RFC 2634 1.1): signed, encrypted, signed. */
  readonly tripleWrap: boolean
  /** RFC 9788. `keep`: header fields are covered by the signature. `obscure`: and the subject is hidden where the mail is encrypted. */
  readonly headerProtection: 'off' | 'keep' | 'obscure'
  /** ML-KEM certificates receive beside a classical one, ML-DSA keys sign. */
  readonly postQuantum: boolean
}

export const DEFAULT_SMIME: SmimeProfile = {
  rsaSignature: 'pkcs1',
  signature: 'clear',
  content: 'negotiate',
  keyTransport: 'oaep',
  tripleWrap: false,
  headerProtection: 'off',
  postQuantum: false,
}
