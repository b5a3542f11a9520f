import { isIPv4, isIPv6 } from 'node:net'
import { Fault } from '../../../shared/fault/index.ts'

/** What a proxy says of the connection it hands on. */
export interface ProxyHeader {
  /** Bytes of the header; what follows is the client's. */
  readonly length: number
  /** Null where the proxy speaks for itself (v2 LOCAL) or does not know (UNKNOWN, UNSPEC): the socket's own peer counts. */
  readonly source: { readonly address: string; readonly port: number } | null
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Longest line of version 1, CRLF included (section 2.1). */
const LINE_MAX = 107
/** Fixed part of version 2. */
const FIXED = 16
/** Addresses and extensions (TLV) of version 2; the format allows 65,535, nobody needs them before a greeting. */
export const PROXY_V2_MAX = 4_096

/**
 * The header of the PROXY protocol, versions 1 and 2 (HAProxy's "The PROXY protocol", sections 2.1 and 2.2), at the start of
 * `bytes`; null when more bytes are needed, at most 16 + 4,096. Raises `proxy-header` as soon as it cannot become one.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | null {
  if (bytes.length === 0) return null
  return bytes[0] === SIGNATURE[0] ? readBinary(bytes) : readLine(bytes)
}

function readLine(bytes: Buffer): ProxyHeader | null {
  const start = 'PROXY '
  if (!start.startsWith(bytes.toString('latin1', 0, start.length))) throw malformed('no header')
  const end = bytes.subarray(0, LINE_MAX).indexOf('\n')
  if (end < 0) {
    if (bytes.length >= LINE_MAX) throw malformed('the line is too long')
    return null
  }
  const line = bytes.toString('latin1', 0, end + 1)
  if (!line.endsWith('\r\n')) throw malformed('the line does not end with CRLF')
  const words = line.slice(0, -2).split(' ')
  const length = end + 1
  // After UNKNOWN the receiver ignores the rest of the line.
  if (words[1] === 'UNKNOWN') return { length, source: null }
  const [, family, source = '', destination = '', from = '', to = ''] = words
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : null
  if (words.length !== 6 || !isAddress?.(source) || !isAddress(destination)) throw malformed('not two addresses')
  // A scope (`%eth0`) means nothing on another machine.
  if (source.includes('%') || destination.includes('%')) throw malformed('an address with a scope')
  const ports = [from, to].map((text) => (/^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : 65_536))
  if (ports.some((port) => port > 65_535)) throw malformed('not two ports')
  return { length, source: { address: source, port: ports[0]! } }
}

function readBinary(bytes: Buffer): ProxyHeader | null {
  const seen = Math.min(bytes.length, SIGNATURE.length)
  if (bytes.compare(SIGNATURE, 0, seen, 0, seen) !== 0) throw malformed('no header')
  if (bytes.length < FIXED) return null
  const version = bytes[12]! >> 4
  const command = bytes[12]! & 0x0f
  const family = bytes[13]!
  const size = bytes.readUInt16BE(14)
  if (version !== 2 || command > 1) throw malformed('version or command')
  if (size > PROXY_V2_MAX) throw malformed('too long')
  if (bytes.length < FIXED + size) return null
  const length = FIXED + size
  const extensions = (from: number) => checkExtensions(bytes.subarray(FIXED + from, length))
  // LOCAL: a health check of the proxy; the addresses are to be ignored.
  if (command === 0) return { length, source: null }
  if (family === 0x00) return { length, source: null }
  if (family === 0x11) {
    if (size < 12) throw malformed('too short for its addresses')
    extensions(12)
    const address = [...bytes.subarray(FIXED, FIXED + 4)].join('.')
    return { length, source: { address, port: bytes.readUInt16BE(FIXED + 8) } }
  }
  if (family === 0x21) {
    if (size < 36) throw malformed('too short for its addresses')
    extensions(36)
    const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(FIXED + 2 * index).toString(16))
    return { length, source: { address: shortened(groups), port: bytes.readUInt16BE(FIXED + 32) } }
  }
  // UDP, UNIX sockets and what has no number yet: nobody who speaks SMTP.
  throw malformed('not TCP')
}

/** Extensions are not used, but a header that does not add up is not one (section 2.2: type, length, value). */
function checkExtensions(bytes: Buffer): void {
  let at = 0
  while (at < bytes.length) {
    if (at + 3 > bytes.length) throw malformed('an extension is cut off')
    at += 3 + bytes.readUInt16BE(at + 1)
  }
  if (at !== bytes.length) throw malformed('an extension is cut off')
}

/** RFC 5952, and IPv4 within IPv6 as IPv4. */
function shortened(groups: readonly string[]): string {
  const text = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text)
  if (!mapped) return text
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function malformed(what: string): Fault {
  return new Fault('proxy-header', what)
}
