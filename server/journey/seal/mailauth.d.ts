/** What is used of mailauth below its documented surface, which ships no types. */
declare module 'mailauth/lib/dkim/dkim-signer.js' {
  import type { DKIMSignOptions } from 'mailauth'
  export class DkimSigner {
    constructor(options: {
      readonly headers: unknown
      readonly bodyHash: string
      readonly canonicalization: string
      readonly signTime: Date
      readonly strict: boolean
      readonly signatureData: DKIMSignOptions[]
    })
    readonly signatureHeaders: readonly string[]
    readonly errors: readonly { readonly err: Error }[]
    finalize(): Promise<void>
  }
}

declare module 'mailauth/lib/tools.js' {
  /** Fields of a header, as the signers take them. */
  export function parseHeaders(header: Buffer): unknown
}
