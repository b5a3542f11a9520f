import { domainToASCII } from 'node:url'
import type { SMTPServerAddress, SMTPServerSession } from 'smtp-server'
import type { DsnCondition, Envelope, EnvelopeRecipient } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'

/** The envelope of a finished dialogue. DSN values come xtext-decoded (RFC 3461 4). */
export function envelopeOf(session: SMTPServerSession): Envelope {
  const { mailFrom, rcptTo, bodyType, smtpUtf8, requireTLS, dsn } = session.envelope
  return {
    mailFrom: mailFrom ? asciiDomain(mailFrom.address) : '',
    recipients: rcptTo.map(recipientOf),
    body: bodyType === '8bitmime' ? '8BITMIME' : '7BIT',
    smtputf8: smtpUtf8 ?? false,
    requireTls: requireTLS ?? false,
    ...(dsn?.ret === 'FULL' || dsn?.ret === 'HDRS' ? { ret: dsn.ret } : {}),
    ...(dsn?.envid ? { envid: dsn.envid } : {}),
  }
}

function recipientOf(recipient: SMTPServerAddress): EnvelopeRecipient {
  const { notify, orcpt } = recipient.dsn ?? {}
  return {
    address: asciiDomain(recipient.address),
    ...(notify ? { notify: notify as DsnCondition[] } : {}),
    ...(orcpt ? { orcpt } : {}),
  }
}

/** Local part as it is, domain as A-label in lower case. Raises `address-invalid` for a domain that has none. */
export function asciiDomain(address: string): string {
  const at = address.lastIndexOf('@')
  if (at < 0) return address
  const domain = address.slice(at + 1)
  if (domain.startsWith('[')) return address
  const ascii = domainToASCII(domain)
  if (!ascii) throw new Fault('address-invalid')
  return `${address.slice(0, at)}@${ascii}`
}
