/** The readable body of a mail as a flat list: what HTML and plain text are reduced to before anything is drawn. */

/** A piece of text in one style. `\n` is a line break. */
export interface Run {
  readonly text: string
  readonly style: RunStyle
}

export interface RunStyle {
  readonly bold?: boolean
  readonly italic?: boolean
  readonly underline?: boolean
  readonly strike?: boolean
  readonly code?: boolean
  /** Raised or lowered: 10² must not become 102. */
  readonly shift?: 'super' | 'sub'
  /** `#rrggbb`, dark enough for white paper. */
  readonly color?: string
  /** http, https, mailto or tel. */
  readonly href?: string
}

export type Align = 'left' | 'center' | 'right'

/** Where a block stands: quotation level and indentation, both counted from 0. */
export interface Place {
  readonly quote: number
  readonly indent: number
}

export interface Paragraph extends Place {
  readonly kind: 'paragraph'
  readonly runs: readonly Run[]
  /** 1 to 6 for headings, 0 for text. */
  readonly level: number
  /** Bullet or number of a list entry. */
  readonly marker?: string
  readonly align?: Align
  /** As the mail says; where it does not, the first letter decides. */
  readonly rightToLeft?: boolean
}

export interface Rule extends Place {
  readonly kind: 'rule'
}

export interface Picture extends Place {
  readonly kind: 'picture'
  /** Content-ID without brackets. */
  readonly contentId: string
  /** The image itself where it stands in the text (`data:`). */
  readonly data?: Uint8Array
  readonly alternative: string
  /** Points, where the mail says so. */
  readonly width?: number
}

export interface Table extends Place {
  readonly kind: 'table'
  readonly rows: readonly (readonly Cell[])[]
  readonly columns: number
  readonly bordered: boolean
  /** Its first column stands on the right. */
  readonly rightToLeft?: boolean
}

export interface Cell {
  readonly runs: readonly Run[]
  readonly header: boolean
  /** Columns it covers. */
  readonly span: number
  readonly align?: Align
}

export type Block = Paragraph | Rule | Picture | Table

export interface Body {
  readonly blocks: readonly Block[]
  /** Something was left out because the mail is longer than a page can bear. */
  readonly shortened: boolean
}

/** What one document may hold: layout takes time that grows faster than its input. */
export const LIMITS = { characters: 150_000, blocks: 3_000, cells: 800, pictures: 40 } as const
