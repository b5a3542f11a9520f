import type { HeaderField } from '../../mime/entity.ts'
import { headerBytes } from '../../mime/write.ts'

/** A field as the signers take it. */
interface ParsedField {
  /** Name in lower case. */
  readonly key: string
  readonly casedKey: string
  /** The whole field with its folding, without its last line end. */
  readonly line: Buffer
}

/** Fields of a header, as `parseHeaders` of the library gives them. */
export interface ParsedHeaders {
  readonly parsed: readonly ParsedField[]
  readonly original: Buffer
}

/**
 * The same as the library's own reading, which takes a second for a field of sixty thousand lines: each line that is folded moves
 * all that stand before it. Here the fields are known already. Pure.
 */
export function parsedFields(fields: readonly HeaderField[]): ParsedHeaders {
  return {
    parsed: fields.map(({ raw }) => {
      const line = raw
        .toString('latin1')
        .replace(/(?:\r?\n)+$/, '')
        .replace(/\r?\n/g, '\r\n')
      const casedKey = line
        .slice(0, Math.max(0, line.indexOf(':')))
        .replace(/\r\n/g, '')
        .replace(/^[ \t]+|[ \t]+$/g, '')
      return {
        key: casedKey.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
        casedKey,
        line: Buffer.from(line, 'latin1'),
      }
    }),
    original: headerBytes(fields),
  }
}
