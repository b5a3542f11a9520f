/** Ways to reach people. */
import { type Detector, isWordAt } from './detector.ts'

const LOCAL = /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]/u
const HOST = /[\p{L}\p{N}.-]/u
const DOMAIN = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+\p{L}[\p{L}\p{N}-]*[\p{L}\p{N}]$/u

/** Every `@` is looked at once, with at most 64 characters before and 253 after it (RFC 5321 4.5.3.1). */
const email: Detector = {
  name: 'email',
  doc: { de: 'E-Mail-Adressen', en: 'e-mail addresses' },
  *find(text) {
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      let from = at
      while (from > 0 && at - from < 65 && LOCAL.test(text[from - 1]!)) from--
      let to = at + 1
      while (to < text.length && to - at < 255 && HOST.test(text[to]!)) to++
      const local = text.slice(from, at).replace(/^[.'`*_/]+/, '')
      const domain = text.slice(at + 1, to).replace(/[.-]+$/, '')
      if (local === '' || local.length > 64 || local.endsWith('.') || !DOMAIN.test(domain)) continue
      yield `${local}@${domain}`.toLowerCase()
    }
  },
}

/** `+49 (0)30 123456-78`, `0049 30 ...`; an area code needs a sign after it, a German mobile number does not. */
const PHONE =
  /(?:\+|\b00)[1-9][\d ()./-]{5,25}\d|\(?0[1-9]\d{1,4}(?:\) ?| ?[/-] ?| )\d[\d ./-]{2,16}\d|\b01[567]\d{8,9}\b/g

const phone: Detector = {
  name: 'phone',
  doc: {
    de: 'Telefonnummern: international (+49 ..., 0049 ...) oder mit deutscher Vorwahl',
    en: 'telephone numbers: international (+49 ..., 0049 ...) or with a German area code',
  },
  *find(text) {
    for (const { 0: found, index } of text.matchAll(PHONE)) {
      if (isWordAt(text, index - 1) || isWordAt(text, index + found.length)) continue
      const number = normalised(found)
      if (number !== null) yield number
    }
  },
}

/** E.164 (at most 15 digits); null for what is too short, too long or not grouped as one number. */
function normalised(found: string): string | null {
  if (/[ ./()-]{4}|[./-]{2}/.test(found)) return null
  const bare = found.replace(/\(0\)/, '').replace(/[^\d+]/g, '')
  const international = bare.startsWith('+') ? bare.slice(1) : bare.startsWith('00') ? bare.slice(2) : null
  const digits = international ?? `49${bare.slice(1)}`
  return digits.length >= (international === null ? 9 : 8) && digits.length <= 15 ? `+${digits}` : null
}

export const contacts: readonly Detector[] = [email, phone]
