import { isSteeringHeader } from '../../../shared/words/headers.ts'
import type { ByteSource } from '../../ports/bytes.ts'

/** What of the returned message goes into a report. */
export interface Original {
  /** Header fields with their CRLFs, without the empty line. */
  readonly header: string
  /** Everything after the empty line, null when only the header is returned. */
  readonly body: Buffer | null
}

/**
 * Whether a field, given with its name, must not be returned: how Secflow or a foreign gateway was steered, and who else
 * got a copy, is nobody's business outside.
 */
export function isPrivate(field: string): boolean {
  const name = field.slice(0, Math.max(0, field.indexOf(':'))).trimEnd()
  return isSteeringHeader(name) || /^(resent-)?bcc$/i.test(name)
}

/** A little above what the ingress lets in, trace fields included. */
const MAX_HEADER = 512 * 1024

/**
 * Reads the header of an accepted message, and its body when `full` is wanted (RET=FULL) and the whole is at most `cap`
 * bytes. Private fields are left out, with their folded lines.
 */
export async function readOriginal(source: ByteSource, full: boolean, cap: number): Promise<Original> {
  const head = await source.read(0, Math.min(source.size, MAX_HEADER))
  const gap = head.indexOf('\r\n\r\n')
  const end = head.subarray(0, 2).toString('latin1') === '\r\n' ? 0 : gap < 0 ? head.length : gap + 2
  const header = head
    .subarray(0, end)
    .toString('utf8')
    .split(/(?<=\r\n)(?![ \t])/)
    .filter((field) => !isPrivate(field))
    .join('')
  const body = full && source.size <= cap ? await source.read(Math.min(end + 2, source.size), source.size) : null
  return { header: header === '' || header.endsWith('\r\n') ? header : `${header}\r\n`, body }
}
