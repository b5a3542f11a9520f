import { isIPv4, isIPv6 } from 'node:net'

/** The argument of MAIL FROM or RCPT TO. */
export interface AddressPath {
  /** Mailbox as the client wrote it, without brackets, source route and needless quotes; '' for the null sender. */
  readonly address: string
  /** Parameters by name in upper case; true without a value. ENVID, ORCPT and AUTH come xtext-decoded. */
  readonly args: Record<string, string | true> | false
  /** A parameter that was given twice. */
  readonly duplicate?: string
}

/** Octets of a path without its brackets (RFC 5321 4.5.3.1.3). The 64 of a local part are exceeded by honest VERP senders. */
const PATH_MAX = 254
const COMMAND = /^(MAIL FROM|RCPT TO):[ \t]*(<.*)$/is
/** Brackets, source route, local part as atoms or quoted, domain (RFC 5321 4.1.2). */
const PATH =
  /^<(?:@[^\s<>@:,"]+(?:,@[^\s<>@:,"]+)*:)?(?:("(?:[^"\\]|\\.)*"|[^\s<>@"]+)(?:@([^\s<>@"]+))?)?>(?:[ \t]+(.*?))?[ \t]*$/s
const ATOMS =
  /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{a1}-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{a1}-\u{10ffff}]+)*$/u
const QUOTED = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u{a1}-\u{10ffff}]|\\[\x20-\x7e])*"$/u
const LABEL = /^[A-Za-z0-9\u{a1}-\u{10ffff}](?:[A-Za-z0-9\u{a1}-\u{10ffff}-]*[A-Za-z0-9\u{a1}-\u{10ffff}])?$/u
/** What nobody sees: two addresses that look the same would not be. */
const UNSEEN = /\u200b|\u2060|\ufeff/
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\s=]+))?$/
/** RFC 3461 4; bytes beyond ASCII where SMTPUTF8 allows them (RFC 6533 3). */
const XTEXT = /^(?:[!-*,-<>-~\u{a1}-\u{10ffff}]|\+[0-9A-F]{2})+$/u
/** Longest values in xtext (RFC 3461 4.2 and 4.4, RFC 4954 4). */
const XTEXT_MAX: Readonly<Record<string, number>> = { ENVID: 100, ORCPT: 500, AUTH: 500 }

/**
 * Reads `MAIL FROM:<...> ...` or `RCPT TO:<...> ...`; null for what the grammar does not allow (RFC 5321 4.1.1.2, 4.1.1.3 and
 * 4.1.2, RFC 6531 3.3, RFC 3461 4). A source route is read and forgotten (RFC 5321 4.1.1.3); `<postmaster>` has no domain.
 */
export function readAddressPath(name: 'MAIL FROM' | 'RCPT TO', command: string): AddressPath | null {
  const [, verb, argument = ''] = COMMAND.exec(command) ?? []
  const path = PATH.exec(argument)
  if (verb?.toUpperCase() !== name || !path) return null
  const [, local, domain, rest = ''] = path
  const address = local === undefined ? '' : mailbox(local, domain, name)
  const parameters = address === null ? null : readParameters(rest.split(/[ \t]+/).filter(Boolean))
  return address === null || !parameters ? null : { address, ...parameters }
}

function mailbox(local: string, domain: string | undefined, name: string): string | null {
  if (domain === undefined) return name === 'RCPT TO' && local.toLowerCase() === 'postmaster' ? local : null
  const plain = local.startsWith('"') ? unquoted(local) : ATOMS.test(local) ? local : null
  if (plain === null || !isDomain(domain)) return null
  const address = `${plain}@${domain}`
  return Buffer.byteLength(address) > PATH_MAX || UNSEEN.test(address) || !address.isWellFormed() ? null : address
}

/** The one spelling of a quoted local part: without quotes where none are needed, without needless backslashes. */
function unquoted(local: string): string | null {
  if (!QUOTED.test(local)) return null
  const text = local.slice(1, -1).replace(/\\(.)/g, '$1')
  return ATOMS.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

function isDomain(domain: string): boolean {
  const literal = /^\[(?:(IPv6:)(.+)|(.+))\]$/i.exec(domain)
  if (literal) return literal[1] ? isIPv6(literal[2]!) && !literal[2]!.includes('%') : isIPv4(literal[3]!)
  return domain.split('.').every((label) => LABEL.test(label))
}

function readParameters(words: readonly string[]): Pick<AddressPath, 'args' | 'duplicate'> | null {
  const args: Record<string, string | true> = Object.create(null) as Record<string, string | true>
  let duplicate: string | undefined
  for (const word of words) {
    const [, name, value] = PARAMETER.exec(word) ?? []
    if (name === undefined) return null
    const key = name.toUpperCase()
    if (key in args) duplicate = key
    const read = value === undefined ? true : key in XTEXT_MAX ? decoded(value, XTEXT_MAX[key]!) : value
    if (read === null) return null
    args[key] = read
  }
  return { args: words.length > 0 && args, ...(duplicate === undefined ? {} : { duplicate }) }
}

function decoded(xtext: string, most: number): string | null {
  if (xtext.length > most || !XTEXT.test(xtext)) return null
  const text = xtext.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not get into logs and headers by this way
  return /[\x00-\x1f\x7f-\x9f]/.test(text) ? null : text
}
