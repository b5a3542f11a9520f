import { Fault } from '../../../shared/fault/index.ts'
import type { RecipientResult } from '../../ports/transport.ts'

/** What nodemailer throws, as far as it matters here. */
export interface SmtpError extends Error {
  readonly code?: string
  /** The reply it stands for, if the next hop gave one. */
  readonly response?: string
  readonly responseCode?: number
  readonly command?: string
}

export interface Ending {
  readonly error: SmtpError
  readonly recipients: readonly string[]
  /** Recipients that were refused before the transaction ended. */
  readonly refusals: readonly { readonly address: string; readonly reply: string }[]
  /** The end of data went out: the next hop may have taken the message although it never said so. */
  readonly dataEnded: boolean
}

/**
 * What a transaction that ended with an error means for each recipient. Returns a fault when nobody's fate was settled:
 * `next-hop-unreachable`, `next-hop-timeout`, `next-hop-temporary` or `tls-required`.
 */
export function settle(ending: Ending): readonly RecipientResult[] | Fault {
  const { error, recipients, refusals } = ending
  const own = new Map(refusals.map(({ address, reply }) => [address, reply]))
  const rest = replyForTheRest(error)
  if (rest !== null) return recipients.map((address) => resultOf(address, own.get(address) ?? rest))
  const fault = faultOf(ending)
  if (![...own.values()].some((reply) => reply.startsWith('5'))) return fault
  const words = `${fault.definition.smtp} ${fault.definition.title.en}${fault.detail ? `: ${fault.detail}` : ''}`
  return recipients.map((address) => resultOf(address, own.get(address) ?? words))
}

export function resultOf(address: string, reply: string): RecipientResult {
  const status = reply.startsWith('2') ? 'accepted' : reply.startsWith('5') ? 'permanent' : 'temporary'
  return { address, status, reply: oneLine(reply) }
}

/** Lines of a reply joined; the codes that every further line repeats are left out. */
export function oneLine(reply: string): string {
  return reply
    .replace(/\r?\n\d{3}[ -](\d\.\d{1,3}\.\d{1,3} )?/g, ' ')
    .replace(/^(\d{3})-/, '$1 ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 1_000)
}

/** A reply that decides for all who have none of their own; null when the connection, not a reply, ended it. */
function replyForTheRest(error: SmtpError): string | null {
  if (error.code === 'EREQUIRETLS') return '550 5.7.30 REQUIRETLS support required (RFC 8689)'
  if (error.code === 'EENVELOPE' && error.command === 'API')
    return '553 5.1.3 The address cannot be sent to this next hop'
  if (error.code === 'EMESSAGE' && !error.responseCode)
    return '552 5.3.4 The message is larger than the next mail server accepts'
  const aboutMail = error.code === 'EENVELOPE' || error.code === 'EMESSAGE'
  return aboutMail && error.response && error.responseCode !== 421 ? error.response : null
}

function faultOf({ error, dataEnded }: Ending): Fault {
  const said = error.response ? oneLine(error.response) : ''
  const uncertain = dataEnded ? 'no reply after the end of data, it may have been taken' : ''
  const because = { cause: error }
  switch (error.code) {
    case 'ETIMEDOUT':
      return new Fault('next-hop-timeout', uncertain, because)
    case 'ETLS':
      return new Fault('tls-required', said, because)
    case 'EAUTH':
      return new Fault('next-hop-temporary', said || 'sign-in refused', because)
    default:
      if (said) return new Fault('next-hop-temporary', said, because)
      if (/certificate|self[- ]signed|altname|ssl|tls/i.test(error.message))
        return new Fault('tls-required', '', because)
      return new Fault('next-hop-unreachable', uncertain, because)
  }
}
