/**
 * Many phone numbers in few characters, for mail clients that give a header field 998 of them: thirteen a recipient, the first
 * four of the SHA-256 of his canonical address and nine of the number, all base64url (RFC 4648 5).
 */

import { plainAddress } from './plain-address.ts'

/** A number as it stands in the header: by the address as written, or by the beginning of its digest. */
export type SaidNumber =
  | { readonly address: string; readonly phone: string }
  | { readonly key: string; readonly phone: string }

/** SHA-256 of UTF-8 as base64url: each side has its own. */
export type Digest = (text: string) => string

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const KEY = 4
const ENTRY = 13
/** Entries between two spaces, at which a mail server may fold (RFC 5322 2.2.3). */
const LINE = 5

/** By what a packed number names its recipient. */
export const numberKey = (canonical: string, digest: Digest): string => digest(canonical).slice(0, KEY)

/** Whom a packed number may name, by key and in canonical form, among the addresses in To and Cc; null where two share a key. */
export function keyOwners(visible: readonly string[], digest: Digest): ReadonlyMap<string, string | null> {
  const owners = new Map<string, string | null>()
  for (const address of visible) {
    const plain = plainAddress(address)
    if (plain === null) continue
    const key = numberKey(plain, digest)
    const owner = owners.get(key)
    owners.set(key, owner === undefined || owner === plain ? plain : null)
  }
  return owners
}

/** `phone` is E.164. */
export function packNumbers(numbers: readonly { readonly key: string; readonly phone: string }[]): string {
  let text = ''
  numbers.forEach(({ key, phone }, at) => {
    text += (at > 0 && at % LINE === 0 ? ' ' : '') + key + packed(Number(phone.slice(1)))
  })
  return text
}

/** Entries of a packed list; null where it is none. */
export function unpackNumbers(list: string): readonly SaidNumber[] | null {
  const text = list.replace(/\s+/g, '')
  if (text.length % ENTRY > 0 || !/^[\w-]*$/.test(text)) return null
  return (text.match(/.{13}/g) ?? []).map((entry) => {
    let number = 0
    for (const char of entry.slice(KEY)) number = number * 64 + ALPHABET.indexOf(char)
    return { key: entry.slice(0, KEY), phone: `+${number}` }
  })
}

function packed(number: number): string {
  let text = ''
  let rest = number
  for (let at = KEY; at < ENTRY; at++) {
    text = ALPHABET[rest % 64] + text
    rest = Math.floor(rest / 64)
  }
  return text
}
