import type { Protection, ProtectionToken } from '../domain/index.ts'
import { type SaidNumber, unpackNumbers } from './packed-numbers.ts'
import { type ProtectionItem, parseDuration, readItems, serializeDisplayString } from './protection-list.ts'

export const PROTECTION_TOKENS: readonly ProtectionToken[] = [
  'sign',
  'encrypt',
  'smime',
  'pgp',
  'pdf',
  'portal',
  'filelink',
  'plain',
  'receipt',
  'none',
]

/** What contradicts `plain`: stricter wishes win over it. */
const SECRET: readonly ProtectionToken[] = ['encrypt', 'smime', 'pgp', 'pdf', 'portal']

/** Characters of all values together; a client needs a few dozen. */
const TEXT_MAX = 16_384

export interface ParsedProtection {
  /** At most one entry per token, in order of appearance. */
  readonly protection: readonly Protection[]
  /** Numbers for single recipients, in order of appearance; the same recipient may stand there more than once. */
  readonly numbers: readonly SaidNumber[]
  /** What was ignored or settled, for the audit trail: unknown tokens and parameters, malformed members, contradictions. */
  readonly notes: readonly string[]
}

/**
 * Reads every `X-Secflow-Protection` of a mail as one list (RFC 9651 3.1 and 4.2; Display Strings; durations like `14d`). Case of
 * tokens and parameters does not matter. Where RFC 9651 discards the whole field at the first error, here only the member with
 * the error is lost, because losing a wish for protection is the worse mistake. The rule for several wishes: the stricter wins.
 * The same token twice becomes one with the stricter parameters; `plain` gives way to any wish for encryption, `none` to
 * any other wish. A String names one recipient, and what it says is no wish. Never throws.
 */
export function parseProtection(values: readonly string[]): ParsedProtection {
  const notes: string[] = []
  const byToken = new Map<ProtectionToken, Protection>()
  const text = values.join(',')
  if (text.length > TEXT_MAX) notes.push(`what stands after ${TEXT_MAX} characters is ignored`)
  const numbers: SaidNumber[] = []
  for (const item of readItems(wholeMembers(text), notes)) {
    if (item.text !== null || item.token === 'sms') {
      const said = numbersIn(item)
      if (said) numbers.push(...said)
      else notes.push('a phone number for a recipient is malformed')
      continue
    }
    const token = PROTECTION_TOKENS.find((known) => known === item.token)
    if (!token) {
      notes.push(`unknown token ${JSON.stringify(item.token.slice(0, 60))}`)
      continue
    }
    const next = withParameters(token, item, notes)
    const before = byToken.get(token)
    if (before) notes.push(`${token} more than once: the stricter parameters count`)
    byToken.set(token, before ? stricter(before, next) : next)
  }
  settle(byToken, notes)
  return { protection: [...byToken.values()], numbers, notes }
}

/** Half of a member could be another one: a number with digits missing is somebody else's. */
const wholeMembers = (text: string) =>
  text.length > TEXT_MAX ? text.slice(0, text.lastIndexOf(',', TEXT_MAX) + 1) : text

/** Of a member that names a recipient, or many of them packed. One that says two things of him says nothing. */
function numbersIn({ text, parameters }: ProtectionItem): readonly SaidNumber[] | null {
  const value = (wanted: string) => {
    const [first, ...more] = parameters.filter(([name]) => name === wanted)
    return more.length === 0 ? first?.[1] : undefined
  }
  if (text !== null) {
    const phone = phoneIn(value('sms'))
    return phone === null ? null : [{ address: text, phone }]
  }
  const list = value('list')
  const said = typeof list === 'string' ? unpackNumbers(list) : null
  return said?.every(({ phone }) => PHONE.test(phone)) ? said : null
}

/** E.164 from seven digits on. */
const PHONE = /^\+[1-9]\d{6,14}$/

function phoneIn(value: string | number | boolean | undefined): string | null {
  const phone = String(value).replace(/[\s()/.-]/g, '')
  return PHONE.test(phone) ? phone : null
}

function settle(byToken: Map<ProtectionToken, Protection>, notes: string[]): void {
  if (byToken.has('plain') && SECRET.some((token) => byToken.has(token))) {
    byToken.delete('plain')
    notes.push('plain gives way to a wish for encryption')
  }
  if (byToken.has('none') && byToken.size > 1) {
    byToken.delete('none')
    notes.push('none gives way to the other wishes')
  }
}

function withParameters(token: ProtectionToken, item: ProtectionItem, notes: string[]): Protection {
  let result: Protection = { token }
  for (const [name, value] of item.parameters) {
    const read = parameter(token, name, value)
    if (read) result = { ...result, ...read }
    else notes.push(`${token}: parameter ${JSON.stringify(name.slice(0, 60))} is unknown or malformed`)
  }
  return result
}

function parameter(token: ProtectionToken, name: string, value: string | number | boolean): Partial<Protection> | null {
  if (name === 'sms' && token === 'pdf') {
    const phone = phoneIn(value)
    return phone === null ? null : { sms: phone }
  }
  if (name === 'expires' && (token === 'filelink' || token === 'portal')) {
    const seconds = typeof value === 'number' ? value : parseDuration(String(value))
    return seconds !== null && Number.isInteger(seconds) && seconds > 0 && seconds <= EXPIRES_MAX
      ? { expires: seconds }
      : null
  }
  if (name === 'second-factor' && (token === 'filelink' || token === 'portal')) {
    return value === true ? { secondFactor: true } : value === false ? {} : null
  }
  if (name === 'reason' && typeof value === 'string' && value !== '') return { reason: value.slice(0, REASON_MAX) }
  return null
}

/** Ten years: beyond it a number is a mistake. */
const EXPIRES_MAX = 315_360_000
const REASON_MAX = 2_000

function stricter(a: Protection, b: Protection): Protection {
  const expires = Math.min(a.expires ?? Number.POSITIVE_INFINITY, b.expires ?? Number.POSITIVE_INFINITY)
  const sms = a.sms ?? b.sms
  const reason = a.reason ?? b.reason
  return {
    token: a.token,
    ...(sms === undefined ? {} : { sms }),
    ...(Number.isFinite(expires) ? { expires } : {}),
    ...(a.secondFactor || b.secondFactor ? { secondFactor: true } : {}),
    ...(reason === undefined ? {} : { reason }),
  }
}

/** The header value for these wishes, valid RFC 9651: durations as seconds, the reason as a Display String. */
export function serializeProtection(protection: readonly Protection[]): string {
  return protection
    .map(({ token, sms, expires, secondFactor, reason }) =>
      [
        token,
        ...(sms === undefined ? [] : [`sms="${sms}"`]),
        ...(expires === undefined ? [] : [`expires=${expires}`]),
        ...(secondFactor ? ['second-factor'] : []),
        ...(reason === undefined ? [] : [`reason=${serializeDisplayString(reason)}`]),
      ].join(';'),
    )
    .join(', ')
}
