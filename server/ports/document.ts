/** Renders the readable page(s) of a PDF container: letterhead, headers, body, list of files. Runs apart from the event loop with a cap on time and memory. */
export interface DocumentRenderer {
  /** A complete unencrypted PDF; raises `render-failed` only when even the plain-text fallback failed. */
  render(page: DocumentPage): Promise<Buffer>
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
