/** Makes PDFs: the readable page(s) of a container, and strangers' PDFs under a password. Runs apart from the event loop with a cap on time and memory. */
export interface DocumentRenderer {
  /** A complete unencrypted PDF; raises `render-failed` only when even the plain-text fallback failed. */
  render(page: DocumentPage): Promise<Buffer>
  /** A PDF as it is, under a password; null for one that is damaged, encrypted already, or asks for too much time or memory. */
  lock(pdf: Buffer, password: string): Promise<Buffer | null>
  close(): Promise<void>
}

export interface DocumentPage {
  readonly language: 'de' | 'en'
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  /** Epoch milliseconds. */
  readonly date: number
  readonly text: string
  readonly html?: string
  /** Inline images by Content-ID, for `cid:` references. */
  readonly images?: ReadonlyMap<string, { readonly mediaType: string; readonly data: Uint8Array }>
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256?: string }[]
  readonly replyUrl?: string
  /** Name of the one of `files` that holds the whole message as it was: the page refers to it when it cannot show everything. */
  readonly original?: string
}
