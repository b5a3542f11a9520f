import { Fault } from '../../../shared/fault/index.ts'
import type { RecipientResult } from '../../ports/transport.ts'
import { HopError } from './conversation.ts'
import { TlsRefused } from './session.ts'

/** The fault that a conversation's end stands for: `next-hop-unreachable`, `-timeout`, `-temporary` or `tls-required`. */
export function faultOf(error: unknown, uncertain = false): Fault {
  if (error instanceof Fault) return error
  if (!(error instanceof HopError)) return new Fault('internal', '', { cause: error })
  const because = { cause: error }
  const detail = uncertain ? 'no reply after the end of data, it may have been taken' : ''
  const said = oneLine(error.reply)
  if (error instanceof TlsRefused) return new Fault('tls-required', said || error.message, because)
  switch (error.kind) {
    case 'timeout':
      return new Fault('next-hop-timeout', detail, because)
    case 'tls':
      return new Fault('tls-required', error.message, because)
    case 'said':
      return new Fault('next-hop-temporary', said, because)
    case 'garbled':
      // What is no reply to the end of data may have been meant as one.
      return uncertain
        ? new Fault('next-hop-unreachable', detail, because)
        : new Fault('next-hop-temporary', error.message, because)
    case 'closed':
      return new Fault('next-hop-unreachable', detail, because)
  }
}

/** A fault in the words of a reply, for recipients who share a transaction with some that were refused for good. */
export function replyOf(fault: Fault): string {
  return `${fault.definition.smtp} ${fault.definition.title.en}${fault.detail ? `: ${fault.detail}` : ''}`
}

export function resultOf(address: string, reply: string): RecipientResult {
  const status = reply.startsWith('2') ? 'accepted' : reply.startsWith('5') ? 'permanent' : 'temporary'
  return { address, status, reply: oneLine(reply) }
}

/** Lines of a reply joined; the codes that every further line repeats are left out, and what is no text. */
export function oneLine(reply: string): string {
  return (
    reply
      .replace(/\r?\n\d{3}[ -](\d\.\d{1,3}\.\d{1,3} )?/g, ' ')
      .replace(/^(\d{3})-/, '$1 ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/[\u0000-\u001f\u007f]+/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 1_000)
  )
}
