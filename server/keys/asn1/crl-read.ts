import { Fault } from '../../../shared/fault/index.ts'
import { completed, type Steps } from '../../../shared/policy/steps.ts'
import { type Element, Members, readElement, readElementAt, readHead } from './ber-read.ts'
import { contextTag, TAG } from './der.ts'
import { OID } from './oids.ts'
import {
  type AlgorithmIdentifier,
  algorithmValue,
  bitStringOctets,
  booleanValue,
  explicit,
  octets,
  oidValue,
  smallInteger,
  timeValue,
} from './values.ts'

/** A complete certificate revocation list (RFC 5280 section 5), not yet verified. */
export interface CrlFields {
  /** Complete Name encoding. */
  readonly issuer: Buffer
  /** Epoch ms. */
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** What is signed, and how. */
  readonly tbs: Buffer
  readonly algorithm: AlgorithmIdentifier
  readonly signature: Buffer
  readonly authorityKeyId: Buffer | null
  readonly scope: CrlScope
  /** Serial number (contents octets as latin1) -> from when on it is revoked, epoch ms; 0 where its key was compromised at any time before. */
  readonly revoked: Pick<ReadonlyMap<string, number>, 'get' | 'size'>
  /** On hold: may be taken back by the next list. */
  readonly onHold: ReadonlySet<string>
}

/** Which certificates of its issuer a list speaks of (RFC 5280 5.2.5); a list without this says all. */
export interface CrlScope {
  readonly users: boolean
  readonly authorities: boolean
  readonly allReasons: boolean
  /** URIs of the distribution point; null: not bound to one. */
  readonly points: readonly string[] | null
}

const LARGEST = 8 * 1024 * 1024
/** Elements of one revoked entry, and of everything beside the entries. */
const MOST_OF_ENTRY = 64
const ENTRIES_A_STEP = 200
const MOST_BESIDE = 2_000
const ALL: CrlScope = { users: true, authorities: true, allReasons: true, points: null }
/** RFC 5280 5.3.1: the key was in other hands, from a time on that nobody knows. */
const COMPROMISED: ReadonlySet<number> = new Set([1, 2, 10])
const HOLD = 6

/**
 * Reads a DER list of at most 8 MiB, entry by entry: no tree of all of it is built. Refused as a whole (`crl-unusable`): delta and
 * indirect lists, any critical extension that is not understood, of the list or of an entry, and lists without `nextUpdate`.
 */
export function readCrl(der: Uint8Array): CrlFields {
  return completed(crlInSteps(der))
}

/** As `readCrl`, in steps of some milliseconds: the largest list takes a second or two. */
export function* crlInSteps(der: Uint8Array): Steps<CrlFields> {
  if (der.length > LARGEST) throw new Fault('crl-unusable', 'larger than 8 MiB')
  try {
    return yield* read(Buffer.from(der.buffer, der.byteOffset, der.byteLength))
  } catch (error) {
    if (error instanceof Fault && error.code === 'crl-unusable') throw error
    throw new Fault('crl-unusable', error instanceof Fault ? error.detail : '', { cause: error })
  }
}

/** A map in parts by the last octet: one of half a million entries takes 15 ms when it grows. */
class Serials {
  readonly #parts = Array.from({ length: 64 }, () => new Map<string, number>())

  get size(): number {
    return this.#parts.reduce((size, part) => size + part.size, 0)
  }

  get(serial: string): number | undefined {
    return this.#partOf(serial).get(serial)
  }

  set(serial: string, since: number): void {
    this.#partOf(serial).set(serial, since)
  }

  #partOf(serial: string): Map<string, number> {
    return this.#parts[(serial.charCodeAt(serial.length - 1) || 0) % this.#parts.length]!
  }
}

const unusable = (detail: string) => new Fault('crl-unusable', detail)

interface Span {
  readonly start: number
  readonly from: number
  readonly end: number
}

/** A SEQUENCE at `at` without a look at what is in it. */
function sequenceAt(buffer: Buffer, at: number, limit: number): Span {
  const { tag, length, size } = readHead(buffer, at, limit)
  if (tag !== TAG.sequence || length === null || at + size + length > limit) throw unusable('not a list')
  const least = length < 0x80 ? 2 : 2 + Math.ceil(length.toString(16).length / 2)
  if (size !== least) throw unusable('length is not minimal')
  return { start: at, from: at + size, end: at + size + length }
}

/** Reads one small value after the other. */
class Walk {
  at: number
  readonly #buffer: Buffer
  readonly #end: number
  #left = MOST_BESIDE

  constructor(buffer: Buffer, { from, end }: Span) {
    this.#buffer = buffer
    this.at = from
    this.#end = end
  }

  /** Tag of the next value; null at the end. */
  next(): number | null {
    return this.at < this.#end ? this.#buffer[this.at]! : null
  }

  take(maxElements = this.#left): Element {
    const element = readElementAt(this.#buffer, this.at, this.#end, { encoding: 'der', maxElements })
    if (maxElements === this.#left) this.#left -= 1
    this.at += element.bytes.length
    return element
  }

  span(): Span {
    const span = sequenceAt(this.#buffer, this.at, this.#end)
    this.at = span.end
    return span
  }

  finish(): void {
    if (this.at !== this.#end) throw unusable('unexpected member')
  }
}

/** `thisUpdate` of a list that `readCrl` took, epoch ms, without a look at its entries. */
export function crlIssued(der: Uint8Array): number {
  const buffer = Buffer.from(der.buffer, der.byteOffset, der.byteLength)
  const outer = new Walk(buffer, sequenceAt(buffer, 0, buffer.length))
  const tbs = new Walk(buffer, outer.span())
  if (tbs.next() === TAG.integer) tbs.take()
  tbs.take()
  tbs.take()
  return timeValue(tbs.take())
}

function* read(buffer: Buffer): Steps<CrlFields> {
  const whole = sequenceAt(buffer, 0, buffer.length)
  if (whole.end !== buffer.length) throw unusable('bytes after the list')
  const outer = new Walk(buffer, whole)
  const signed = outer.span()
  const algorithm = algorithmValue(outer.take())
  const bits = outer.take()
  const signature = bitStringOctets(bits)
  if (bits.content[0] !== 0) throw unusable('a signature that is no whole octets')
  outer.finish()

  const tbs = new Walk(buffer, signed)
  // Version 1 says no version and has no extensions: it speaks of everything that its authority issued.
  const second = tbs.next() === TAG.integer
  if (second && smallInteger(tbs.take()) !== 1) throw unusable('not version 1 or 2')
  if (!algorithmValue(tbs.take()).bytes.equals(algorithm.bytes)) throw unusable('two signature algorithms')
  const issuer = tbs.take()
  if (issuer.tag !== TAG.sequence) throw unusable('no issuer')
  const thisUpdate = timeValue(tbs.take())
  if (tbs.next() !== TAG.utcTime && tbs.next() !== TAG.generalizedTime)
    throw unusable('it does not say when the next one comes')
  const nextUpdate = timeValue(tbs.take())
  const entries = yield* readEntries(buffer, tbs.next() === TAG.sequence ? tbs.span() : null)
  if (!second && tbs.next() !== null) throw unusable('extensions need version 2')
  const extensions =
    tbs.next() === contextTag(0) ? listExtensions(explicit(tbs.take(), 0)) : { scope: ALL, keyId: null }
  tbs.finish()
  return {
    issuer: issuer.bytes,
    thisUpdate,
    nextUpdate,
    tbs: buffer.subarray(signed.start, signed.end),
    algorithm,
    signature,
    authorityKeyId: extensions.keyId,
    scope: extensions.scope,
    ...entries,
  }
}

function* readEntries(buffer: Buffer, list: Span | null): Steps<Pick<CrlFields, 'revoked' | 'onHold'>> {
  const revoked = new Serials()
  const onHold = new Set<string>()
  if (list === null) return { revoked, onHold }
  const walk = new Walk(buffer, list)
  for (let read = 1; walk.next() !== null; read++) {
    if (read % ENTRIES_A_STEP === 0) yield
    const members = new Members(walk.take(MOST_OF_ENTRY), TAG.sequence)
    const serial = members.take(TAG.integer).content.toString('latin1')
    const from = timeValue(members.take())
    const rest = members.optional(TAG.sequence)
    members.end()
    const { reason, invalidFrom } = rest ? entryExtensions(rest) : { reason: 0, invalidFrom: null }
    if (reason === HOLD) onHold.add(serial)
    const since = COMPROMISED.has(reason) ? 0 : Math.min(from, invalidFrom ?? from)
    revoked.set(serial, Math.min(since, revoked.get(serial) ?? since))
  }
  return { revoked, onHold }
}

function entryExtensions(list: Element): { reason: number; invalidFrom: number | null } {
  let reason = 0
  let invalidFrom: number | null = null
  for (const { oid, critical, value } of extensionsOf(list)) {
    if (oid === OID.crlReason) reason = reasonOf(value)
    else if (oid === OID.invalidityDate) invalidFrom = timeValue(value)
    else if (critical) throw unusable(`an entry has the critical extension ${oid}`)
  }
  return { reason, invalidFrom }
}

const ENUMERATED = 0x0a

function reasonOf({ tag, content }: Element): number {
  // removeFromCRL (8) belongs into delta lists.
  if (tag !== ENUMERATED || content.length !== 1 || content[0]! > 10 || content[0] === 8) throw unusable('bad reason')
  return content[0]!
}

function listExtensions(list: Element): { scope: CrlScope; keyId: Buffer | null } {
  let scope = ALL
  let keyId: Buffer | null = null
  for (const { oid, critical, value } of extensionsOf(list)) {
    if (oid === OID.authorityKeyIdentifier) {
      keyId = new Members(value, TAG.sequence).optional(contextTag(0, 'primitive'))?.content ?? null
    } else if (oid === OID.issuingDistributionPoint) scope = scopeOf(value)
    else if (critical || oid === OID.deltaCrl) throw unusable(`it has the critical extension ${oid}`)
  }
  return { scope, keyId }
}

/** RFC 5280 5.2.5; the distribution point as a full name, of which the URIs count. */
function scopeOf(element: Element): CrlScope {
  const members = new Members(element, TAG.sequence)
  const point = members.optional(contextTag(0))
  const flag = (number: number) => {
    const found = members.optional(contextTag(number, 'primitive'))
    return found !== null && booleanValue(found.as(TAG.boolean))
  }
  const onlyUsers = flag(1)
  const onlyAuthorities = flag(2)
  const someReasons = members.optional(contextTag(3, 'primitive')) !== null
  const indirect = flag(4)
  const onlyAttributes = flag(5)
  members.end()
  if (indirect || onlyAttributes) throw unusable(indirect ? 'an indirect list' : 'for attribute certificates')
  return {
    users: !onlyAuthorities,
    authorities: !onlyUsers,
    allReasons: !someReasons,
    points: point === null ? null : urisOf(point.children[0] ?? point),
  }
}

const FULL_NAME = contextTag(0)
const URI = contextTag(6, 'primitive')

/** URIs of a DistributionPointName (RFC 5280 4.2.1.13). */
export function urisOf({ tag, children }: Element): readonly string[] {
  return tag === FULL_NAME
    ? children.filter((name) => name.tag === URI).map(({ content }) => content.toString('latin1'))
    : []
}

interface Extension {
  readonly oid: string
  readonly critical: boolean
  readonly value: Element
}

function extensionsOf(list: Element): Extension[] {
  const seen = new Set<string>()
  return new Members(list, TAG.sequence).rest().map((element) => {
    const members = new Members(element, TAG.sequence)
    const oid = oidValue(members.take())
    const critical = members.optional(TAG.boolean)
    const value = octets(members.take())
    members.end()
    if (seen.has(oid)) throw unusable(`extension ${oid} appears twice`)
    seen.add(oid)
    return {
      oid,
      critical: critical !== null && booleanValue(critical),
      value: readElementAt(value, 0, value.length, { encoding: 'der', maxElements: 500 }),
    }
  })
}

/** The last common name of a Name, else its organisation, for people: without control characters; '' where there is neither. */
export function issuerName(name: Uint8Array): string {
  const found = new Map<string, string>()
  for (const relative of new Members(readElement(name, { encoding: 'der', maxElements: 500 }), TAG.sequence).rest()) {
    for (const { children } of relative.children) {
      const [type, value] = children
      if (type && value)
        found.set(oidValue(type), value.content.toString(value.tag === TAG.utf8String ? 'utf8' : 'latin1'))
    }
  }
  const text = found.get(OID.commonName) ?? found.get(OID.organization) ?? ''
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, 200)
}
