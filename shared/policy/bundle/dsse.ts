/** The signing envelope DSSE 1.0.2: a signature covers the type and the bytes of a payload, and nothing has to be parsed first. */
import { utf8 } from '../../words/sha256.ts'
import { completed, type Steps } from '../steps.ts'
import { readAscii } from './ascii.ts'
import { decodeBase64 } from './base64.ts'

/** The bytes of a payload and the text they are; '' (which is no JSON) when one byte is not ASCII. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly text: string
}

/** Reads strict base64, null for anything else (`decodeBase64`); a platform's own takes a tenth of the time of ours. */
export type ReadPayload = (base64: string) => Payload | null

/** The `ReadPayload` that needs no platform. */
const readHere: ReadPayload = (base64) => {
  const bytes = decodeBase64(base64)
  return bytes && { bytes, text: readAscii(bytes) }
}

export interface Envelope {
  readonly payloadType: string
  readonly payload: Payload
  readonly signatures: readonly { readonly keyid: string; readonly sig: Uint8Array }[]
}

/** PAE(type, body) of the DSSE protocol: what is signed. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = utf8(`DSSEv1 ${utf8(payloadType).length} ${payloadType} ${payload.length} `)
  const encoded = new Uint8Array(head.length + payload.length)
  encoded.set(head)
  encoded.set(payload, head.length)
  return encoded
}

/** Parses an envelope; null for anything but exactly its members. */
export function readEnvelope(text: string, readPayload: ReadPayload = readHere): Envelope | null {
  return completed(readingEnvelope(text, readPayload))
}

/** As `readEnvelope`, stopping between its parts. */
export function* readingEnvelope(text: string, readPayload: ReadPayload = readHere): Steps<Envelope | null> {
  const value = envelopeOf(text)
  yield
  if (!value || typeof value.payloadType !== 'string' || !Array.isArray(value.signatures)) return null
  const payload = typeof value.payload === 'string' ? readPayload(value.payload) : null
  const signatures = value.signatures.map(readSignature)
  if (payload === null || signatures.includes(null)) return null
  return { payloadType: value.payloadType, payload, signatures: signatures as Envelope['signatures'][number][] }
}

/** Nearly all of an envelope written as ours are is its payload: that text is taken as it stands, which JSON would copy. */
function envelopeOf(text: string) {
  const end = text.startsWith(PAYLOAD) ? text.indexOf('",', PAYLOAD.length) : -1
  const payload = text.slice(PAYLOAD.length, end)
  const rest = end < 0 || payload.includes('\\') ? null : record(parsed(`{${text.slice(end + 2)}`), OTHERS)
  return rest ? { payload, ...rest } : record(parsed(text), ['payload', ...OTHERS])
}

const PAYLOAD = '{"payload":"'
const OTHERS = ['payloadType', 'signatures'] as const

/** A missing key id stands as ''. */
function readSignature(value: unknown): Envelope['signatures'][number] | null {
  const signature = record(value, ['keyid', 'sig']) ?? { keyid: '', ...record(value, ['sig']) }
  const { keyid, sig: text } = signature as { readonly keyid: unknown; readonly sig?: unknown }
  const sig = bytes(text)
  return sig === null || typeof keyid !== 'string' ? null : { keyid, sig }
}

function bytes(value: unknown): Uint8Array | null {
  return typeof value === 'string' ? decodeBase64(value) : null
}

/** An object with exactly these members. */
export function record<const K extends string>(
  value: unknown,
  members: readonly K[],
): Readonly<Record<K, unknown>> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const keys = Object.keys(value)
  if (keys.length !== members.length || !members.every((member) => Object.hasOwn(value, member))) return null
  return value as Readonly<Record<K, unknown>>
}

/** The value of a JSON text, or undefined. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
