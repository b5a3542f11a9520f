import { Fault } from '../../shared/fault/index.ts'

/** Bytes of a file to send; `end` is exclusive. */
export interface ByteRange {
  readonly start: number
  readonly end: number
  /** False: the whole file (200), true: a part of it (206). */
  readonly partial: boolean
}

/**
 * What to send for these headers (RFC 9110 14.2, 13.1.5). Several ranges, other units and malformed headers give the whole
 * file, as the RFC allows; so does an `If-Range` that is not the strong `etag`. Raises `range-unsatisfiable`.
 */
export function rangeOf(
  headers: { readonly range?: string | undefined; readonly 'if-range'?: string | string[] | undefined },
  size: number,
  etag: string,
): ByteRange {
  const whole = { start: 0, end: size, partial: false }
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(headers.range?.replace(/\s+/g, '') ?? '')
  if (!match || (headers['if-range'] !== undefined && headers['if-range'] !== etag)) return whole
  const [, first, last] = match as unknown as [string, string, string]
  if (first === '' && last === '') return whole
  if (first === '') {
    const suffix = Math.min(Number(last), size)
    if (suffix === 0) throw new Fault('range-unsatisfiable')
    return { start: size - suffix, end: size, partial: true }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return whole
  if (start >= size) throw new Fault('range-unsatisfiable')
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size), partial: true }
}

/** `attachment` with the name in ASCII for old clients and in UTF-8 (RFC 6266 4.3, RFC 8187); never a path. */
export function contentDisposition(name: string): string {
  const base = [...(name.split(/[/\\]/).at(-1) ?? '')]
    .filter(
      (character) => character >= ' ' && character !== '\u007f' && !/[\u202a-\u202e\u2066-\u2069]/.test(character),
    )
    .join('')
    .slice(0, 200)
  const safe = base.replace(/^\.+/, '') || 'file'
  const ascii = safe
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]/g, '_')
    .replace(/["\\%;]/g, '_')
  const encoded = encodeURIComponent(safe.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
