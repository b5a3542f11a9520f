import { isUtf8 } from 'node:buffer'
import type { FaultCode } from '../../../shared/fault/index.ts'

const TAB = 0x09
const SPACE = 0x20
const DELETE = 0x7f

/**
 * What is wrong with the bytes of a command, whatever it says; null when nothing is. Control characters stand in none (tabs
 * are taken for white space), bytes beyond ASCII only in the addresses of a transaction with SMTPUTF8, and there as UTF-8
 * (RFC 5321 2.4, RFC 6531 3.4 and 3.6).
 *
 * @param smtputf8 the transaction that is under way has SMTPUTF8
 */
export function wrongWithCommand(line: Uint8Array, smtputf8: boolean): FaultCode | null {
  let eightBit = false
  for (const byte of line) {
    if ((byte < SPACE && byte !== TAB) || byte === DELETE) return 'command-malformed'
    if (byte > DELETE) eightBit = true
  }
  if (!eightBit) return null
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength)
  const verb = text.toString('latin1', 0, 5).toUpperCase()
  if (!isUtf8(text) || (verb !== 'MAIL ' && verb !== 'RCPT ')) return 'command-malformed'
  const allowed = verb === 'MAIL ' ? /[ \t]SMTPUTF8(?:[ \t]|$)/i.test(text.toString('utf8')) : smtputf8
  return allowed ? null : 'address-8bit'
}
