import { domainToASCII } from 'node:url'
import type { Envelope, EnvelopeRecipient } from '../../../shared/domain/index.ts'
import type { Session } from './session.ts'

/** The MAIL and RCPT commands of one transaction, or why there can be none. */
export interface Commands {
  readonly mail: string
  readonly rcpt: readonly { readonly address: string; readonly line: string }[]
  /** Replies of our own to recipients that the next hop cannot take. */
  readonly unfit: ReadonlyMap<string, string>
}

export interface Shape {
  readonly size: number
  /** Content has bytes above 127. */
  readonly eightBit: boolean
  /** Some of them stand in the header of the message or of its parts (RFC 6532). */
  readonly headerUtf8: boolean
}

const NO_UTF8 = '550 5.6.7 The next mail server does not take internationalised addresses (SMTPUTF8)'

/** Writes the commands (RFC 5321 4.1.1, 1870, 3461 4, 6152, 6531 3.4, 8689 3) for what the session offers. Pure. */
export function commandsFor(envelope: Envelope, { extensions }: Pick<Session, 'extensions'>, shape: Shape): Commands {
  const all = (reply: string): Commands => ({
    mail: '',
    rcpt: [],
    unfit: new Map(envelope.recipients.map(({ address }) => [address, reply])),
  })
  if (envelope.requireTls && !extensions.has('REQUIRETLS'))
    return all('550 5.7.30 REQUIRETLS support required (RFC 8689)')
  const limit = Number(extensions.get('SIZE') || 0)
  if (limit > 0 && shape.size > limit) return all('552 5.3.4 The message is larger than the next mail server accepts')
  const utf8 = extensions.has('SMTPUTF8')
  // Who submits says SMTPUTF8 out of habit; what needs it is a header or an address (RFC 6531 3.4).
  const needed = shape.headerUtf8 || beyondAscii(written(envelope.mailFrom, false))
  if (needed && !utf8) return all('550 5.6.7 The next mail server does not take internationalised mail (SMTPUTF8)')
  if (shape.eightBit && !extensions.has('8BITMIME') && !(needed && utf8))
    return all('554 5.6.3 The next mail server does not take 8-bit content (8BITMIME)')

  const unfit = new Map<string, string>()
  const rcpt: { address: string; line: string }[] = []
  const dsn = extensions.has('DSN')
  let wide = needed || (envelope.smtputf8 && utf8)
  for (const recipient of envelope.recipients) {
    const address = written(recipient.address, utf8)
    if (!isSendable(address)) unfit.set(recipient.address, '553 5.1.3 The address cannot be sent to this next hop')
    else if (beyondAscii(address) && !utf8) unfit.set(recipient.address, NO_UTF8)
    else {
      wide ||= beyondAscii(address)
      rcpt.push({ address: recipient.address, line: `RCPT TO:<${address}>${dsn ? notify(recipient) : ''}` })
    }
  }
  const from = written(envelope.mailFrom, utf8)
  if (!isSendable(from) && from !== '') return all('553 5.1.7 The sender address cannot be sent to this next hop')
  const mail = [
    `MAIL FROM:<${from}>`,
    extensions.has('SIZE') ? `SIZE=${shape.size}` : '',
    extensions.has('8BITMIME') && (envelope.body === '8BITMIME' || shape.eightBit) ? 'BODY=8BITMIME' : '',
    wide ? 'SMTPUTF8' : '',
    envelope.requireTls ? 'REQUIRETLS' : '',
    dsn && envelope.ret ? `RET=${envelope.ret}` : '',
    dsn && envelope.envid ? `ENVID=${xtext(envelope.envid)}` : '',
  ]
  return { mail: mail.filter(Boolean).join(' '), rcpt, unfit }
}

/** Without SMTPUTF8 a domain still has its A-label form (RFC 5891), which needs no extension. */
function written(address: string, utf8: boolean): string {
  const at = address.lastIndexOf('@')
  if (utf8 || at < 0 || !beyondAscii(address.slice(at))) return address
  const domain = domainToASCII(address.slice(at + 1))
  return domain === '' ? address : `${address.slice(0, at)}@${domain}`
}

/** No control character and no angle bracket: nothing that ends the command early. */
function isSendable(address: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return address !== '' && !/[\u0000-\u001f\u007f<>]/.test(address)
}

export function beyondAscii(text: string): boolean {
  return /[^ -~]/.test(text)
}

function notify({ notify: conditions, orcpt }: EnvelopeRecipient): string {
  const wanted = conditions?.length ? ` NOTIFY=${conditions.join(',')}` : ''
  const [type = '', ...rest] = (orcpt ?? '').split(';')
  return rest.length > 0 && /^[A-Za-z0-9-]{1,63}$/.test(type)
    ? `${wanted} ORCPT=${type};${xtext(rest.join(';'))}`
    : wanted
}

/** RFC 3461 4; characters beyond ASCII as RFC 6533 3 writes them. */
function xtext(text: string): string {
  return [...text]
    .map((char) => {
      if (/[!-*,-<>-~]/.test(char)) return char
      const code = char.codePointAt(0)!
      const hex = code.toString(16).toUpperCase()
      return code < 0x80 ? `+${hex.padStart(2, '0')}` : `\\x{${hex}}`
    })
    .join('')
}
