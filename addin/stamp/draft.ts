import type { Notebook } from './notebook.ts'

export interface SeenFile {
  readonly name: string
  /** Bytes, as the client counts them. */
  readonly size: number
}

/** The three headers as they stand on a draft, by lower-case name; what is not there is undefined. */
export type SeenHeaders = Readonly<Record<string, string | undefined>>

/** What could be read of a draft. null: the client did not say, which is not the same as there being nothing. */
export interface SeenDraft {
  readonly sender: string | null
  readonly to: readonly string[] | null
  readonly cc: readonly string[] | null
  readonly bcc: readonly string[] | null
  readonly subject: string | null
  /** Without pictures that stand in the text. */
  readonly files: readonly SeenFile[] | null
  readonly headers: SeenHeaders | null
  /** What the task pane noted for this draft; null also when what is there cannot be read. */
  readonly notebook: Notebook | null
}
