import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** One text per value (after RFC 8785): keys sorted by code unit, no space, `undefined` members left out. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === '' ? '' : ','}${canonicalJson(item ?? null)}`
    return `[${text}]`
  }
  const members = value as Readonly<Record<string, unknown>>
  for (const key of sorted(Object.keys(members))) {
    const member = members[key]
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

/** What JSON writes between quotes as it is; everything else is left to the platform. */
const BARE = /^[ !#-[\]-~]*$/

function quoted(text: string): string {
  return BARE.test(text) ? `"${text}"` : JSON.stringify(text)
}

/** Up to that many keys are put in order by hand, which is quicker. */
const FEW = 24

/** In place, by code unit. */
function sorted(keys: string[]): readonly string[] {
  // Without a comparison function, `sort` orders by code unit.
  if (keys.length > FEW) return keys.sort()
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!
    let at = i
    for (; at > 0 && keys[at - 1]! > key; at--) keys[at] = keys[at - 1]!
    keys[at] = key
  }
  return keys
}

/** SHA-256 of a text's UTF-8 form, hex. */
export function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

/** Order by code unit: the same on every machine, whatever its locale. */
export function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
