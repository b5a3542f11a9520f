/** What the bytes of an attachment say about themselves. */
export interface Detected {
  /** `pdf`, `docm`, `dcm`, `step`, `zip` ...; null when the content says nothing. */
  readonly type: string | null
  /** undefined: cannot be told without more work than a relay does. */
  readonly encrypted?: boolean
  readonly macro?: boolean
  /** 1 for an archive, 2 when it holds archives itself. */
  readonly archiveDepth?: number
}

/** What detection may look at: the beginning, the end, and any range in between at the price of decoding again. */
export interface Content {
  readonly size: number
  readonly head: Buffer
  /** Last bytes; `tailStart` is the position of the first of them. */
  readonly tail: Buffer
  readonly tailStart: number
  /** At most `RANGE_MAX` bytes. */
  range(start: number, end: number): Promise<Buffer>
  /** Marks found on the way, see `Watch`. */
  readonly seen: ReadonlySet<string>
}

export const HEAD_SIZE = 8_192
export const TAIL_SIZE = 131_072
export const RANGE_MAX = 4 * 1_048_576

/** A family of formats: looks at the head and answers, or passes with null. */
export type Detect = (content: Content) => Detected | null | Promise<Detected | null>

export function startsWith(content: Content, magic: string | readonly number[], at = 0): boolean {
  const bytes = typeof magic === 'string' ? Buffer.from(magic, 'latin1') : Buffer.from(magic)
  return content.head.length >= at + bytes.length && content.head.subarray(at, at + bytes.length).equals(bytes)
}

/** The beginning as text, without a byte order mark and white space; UTF-16 is read as such. */
export function headText(content: Content): string {
  const { head } = content
  if (head[0] === 0xff && head[1] === 0xfe) return head.subarray(2).toString('utf16le').trimStart()
  if (head[0] === 0xfe && head[1] === 0xff) {
    return Buffer.from(head.subarray(2, head.length - (head.length % 2)))
      .swap16()
      .toString('utf16le')
      .trimStart()
  }
  return head
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
}
