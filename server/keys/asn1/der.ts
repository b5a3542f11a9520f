/**
 * DER writer (X.690 section 10) and the few BER forms a stream needs (section 8.1.3.6, indefinite length). Every function
 * returns the complete encoding of one value.
 */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** Identifier octet of a context-specific tag, `number` 0..30. */
export function contextTag(number: number, form: 'primitive' | 'constructed' = 'constructed'): number {
  return 0x80 | (form === 'constructed' ? 0x20 : 0) | number
}

/** Identifier and length octets in front of `length` bytes of content. */
export function header(tag: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(headSize(length))
  writeHead(head, tag, length)
  return head
}

function headSize(length: number): number {
  if (length < 0x80) return 2
  if (length < 0x100) return 3
  if (length < 0x10000) return 4
  return length < 0x1000000 ? 5 : 6
}

/** Writes the head to the beginning of `to` and answers its size. */
function writeHead(to: Buffer, tag: number, length: number): number {
  const size = headSize(length)
  to[0] = tag
  if (size === 2) {
    to[1] = length
  } else {
    to[1] = 0x80 | (size - 2)
    to.writeUIntBE(length, 2, size - 2)
  }
  return size
}

/** One value of any tag. */
export function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0
  for (const part of parts) length += part.length
  const value = Buffer.allocUnsafe(headSize(length) + length)
  let at = writeHead(value, tag, length)
  for (const part of parts) {
    value.set(part, at)
    at += part.length
  }
  return value
}

export const sequence = (...parts: readonly Uint8Array[]) => tagged(TAG.sequence, ...parts)

/** SET OF: the elements in ascending order of their encodings (X.690 section 11.6). */
export function setOf(...elements: readonly Uint8Array[]): Buffer {
  return tagged(TAG.set, ...sorted(elements))
}

/** `[number] IMPLICIT SET OF`, sorted like `setOf`. */
export function implicitSetOf(number: number, ...elements: readonly Uint8Array[]): Buffer {
  return tagged(contextTag(number), ...sorted(elements))
}

function sorted(elements: readonly Uint8Array[]): Uint8Array[] {
  return [...elements].sort(Buffer.compare)
}

/** `[number] EXPLICIT`, or an IMPLICIT constructed value when the parts are its contents. */
export const context = (number: number, ...parts: readonly Uint8Array[]) => tagged(contextTag(number), ...parts)

/** `[number] IMPLICIT` of a primitive value. */
export const contextPrimitive = (number: number, content: Uint8Array) =>
  tagged(contextTag(number, 'primitive'), content)

export const octetString = (content: Uint8Array) => tagged(TAG.octetString, content)
export const utf8String = (text: string) => tagged(TAG.utf8String, Buffer.from(text, 'utf8'))
export const nullValue = () => Buffer.from([TAG.null, 0])
export const booleanTrue = () => Buffer.from([TAG.boolean, 1, 0xff])

/** BIT STRING of whole octets, or of named bits with `unused` trailing bits. */
export const bitString = (content: Uint8Array, unused = 0) => tagged(TAG.bitString, Buffer.from([unused]), content)

/** Non-negative INTEGER from a small number or from big-endian octets. */
export function integer(value: number | Uint8Array): Buffer {
  const octets = typeof value === 'number' ? octetsOf(value) : Buffer.from(value)
  let from = 0
  while (from < octets.length - 1 && octets[from] === 0) from++
  const minimal = octets.subarray(from)
  return (minimal[0] ?? 0) & 0x80
    ? tagged(TAG.integer, Buffer.from([0]), minimal)
    : tagged(TAG.integer, minimal.length > 0 ? minimal : Buffer.from([0]))
}

function octetsOf(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('a non-negative safe integer is needed')
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

const encodedOids = new Map<string, Buffer>()

/** OBJECT IDENTIFIER from its dotted form. Only identifiers of this program are passed, so the memo stays small. */
export function oid(dotted: string): Buffer {
  const known = encodedOids.get(dotted)
  if (known) return known
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const encoded = tagged(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
  encodedOids.set(dotted, encoded)
  return encoded
}

function base128(value: number): number[] {
  const digits = [value % 128]
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest % 128) | 0x80)
  return digits
}

let lastTime: { readonly second: number; readonly value: Buffer } | null = null

/** Time of X.509 and CMS: UTCTime through 2049, GeneralizedTime after (RFC 5280 4.1.2.5, RFC 5652 11.3). `at` in epoch ms. */
export function time(at: number): Buffer {
  const second = Math.floor(at / 1000)
  // Many signatures are of one second.
  if (lastTime?.second !== second) lastTime = { second, value: timeOf(at) }
  return lastTime.value
}

function timeOf(at: number): Buffer {
  const digits = `${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  const year = Number(digits.slice(0, 4))
  return year >= 1950 && year < 2050
    ? tagged(TAG.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : tagged(TAG.generalizedTime, Buffer.from(digits, 'latin1'))
}

/** AlgorithmIdentifier. */
export const algorithm = (dotted: string, ...parameters: readonly Uint8Array[]) => sequence(oid(dotted), ...parameters)

/** Opens a constructed value of indefinite length; `END` closes it. */
export const open = (tag: number) => Buffer.from([tag, 0x80])
/** End-of-contents octets. */
export const END = Buffer.from([0, 0])
