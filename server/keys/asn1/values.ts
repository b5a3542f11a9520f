import { Fault } from '../../../shared/fault/index.ts'
import { type Element, Members } from './ber-read.ts'
import { contextTag, oid, TAG } from './der.ts'
import { OID } from './oids.ts'

/** Meaning of single values; each raises `container-malformed` for what its type does not allow. */
const malformed = (detail: string) => new Fault('container-malformed', detail)

function primitive(element: Element, tag: number): Buffer {
  if (element.tag !== tag) throw malformed(`tag 0x${element.tag.toString(16)} where 0x${tag.toString(16)} belongs`)
  return element.content
}

/** The identifiers of this program by their contents octets: reading one of them is looking it up. */
const KNOWN: ReadonlyMap<string, string> = new Map(
  Object.values(OID).map((dotted) => [oid(dotted).toString('latin1', 2), dotted]),
)

const LONGEST_KNOWN = Math.max(...Array.from(KNOWN.keys(), ({ length }) => length))

/** Dotted form of an OBJECT IDENTIFIER of at most 64 octets. */
export function oidValue(element: Element): string {
  if (element.tag === TAG.oid) {
    // One octet more than any of them has, so that a longer one is none of them.
    const known = KNOWN.get(element.latin1(LONGEST_KNOWN + 1))
    if (known !== undefined) return known
  }
  return dottedForm(primitive(element, TAG.oid))
}

function dottedForm(content: Buffer): string {
  if (content.length === 0 || content.length > 64 || content[content.length - 1]! & 0x80) throw malformed('bad OID')
  const arcs: number[] = []
  let arc = 0
  let fresh = true
  for (const octet of content) {
    if (fresh && octet === 0x80) throw malformed('bad OID')
    arc = arc * 128 + (octet & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER) throw malformed('bad OID')
    fresh = (octet & 0x80) === 0
    if (fresh) {
      arcs.push(arc)
      arc = 0
    }
  }
  const head = arcs[0]!
  const first = Math.min(2, Math.floor(head / 40))
  return [first, head - first * 40, ...arcs.slice(1)].join('.')
}

/** A small non-negative INTEGER (versions, lengths, path lengths). */
export function smallInteger(element: Element): number {
  const content = primitive(element, TAG.integer)
  if (content.length === 0 || content.length > 4 || content[0]! & 0x80) throw malformed('integer out of range')
  return content.readUIntBE(0, content.length)
}

/** TRUE is any non-zero octet in BER, 0xff in DER. */
export function booleanValue(element: Element): boolean {
  const content = primitive(element, TAG.boolean)
  if (content.length !== 1) throw malformed('bad boolean')
  return content[0] !== 0
}

/** Whole octets of a BIT STRING; named bits of a short one are read from the same octets. */
export function bitStringOctets(element: Element): Buffer {
  const content = primitive(element, TAG.bitString)
  if (content.length === 0 || content[0]! > 7) throw malformed('bad bit string')
  return content.subarray(1)
}

/**
 * Pieces of an OCTET STRING that may be constructed (X.690 8.7.3), in order and without a copy. `tag` is the primitive
 * identifier: `TAG.octetString`, or an implicit context tag.
 */
export function octetPieces(element: Element, tag: number = TAG.octetString): readonly Buffer[] {
  if (element.tag === tag) return [element.content]
  if (element.tag !== (tag | 0x20)) throw malformed('octet string expected')
  return element.children.flatMap((piece) => octetPieces(piece))
}

/** An OCTET STRING as one buffer; for short values. */
export function octets(element: Element, tag: number = TAG.octetString): Buffer {
  const pieces = octetPieces(element, tag)
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

/** Epoch ms of a UTCTime or GeneralizedTime in the form RFC 5280 4.1.2.5 demands: seconds, `Z`, no fraction. */
export function timeValue(element: Element): number {
  const text = element.content.toString('latin1')
  let digits: string
  if (element.tag === TAG.utcTime && /^\d{12}Z$/.test(text)) {
    digits = (Number(text.slice(0, 2)) < 50 ? '20' : '19') + text
  } else if (element.tag === TAG.generalizedTime && /^\d{14}Z$/.test(text)) {
    digits = text
  } else {
    throw malformed('bad time')
  }
  const iso = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}T${digits.slice(8, 10)}:${digits.slice(10, 12)}:${digits.slice(12, 14)}.000Z`
  const at = Date.parse(iso)
  if (Number.isNaN(at) || new Date(at).toISOString() !== iso) throw malformed('bad time')
  return at
}

export interface AlgorithmIdentifier {
  readonly oid: string
  readonly parameters: Element | null
  readonly bytes: Buffer
}

export function algorithmValue(element: Element, tag: number = TAG.sequence): AlgorithmIdentifier {
  const members = new Members(element, tag)
  const oid = oidValue(members.take())
  const parameters = members.next()
  members.end()
  return new ReadAlgorithm(oid, parameters, element)
}

/** Its octets are a view that is made when somebody asks, as those of its element. */
class ReadAlgorithm implements AlgorithmIdentifier {
  readonly oid: string
  readonly parameters: Element | null
  readonly #element: Element

  constructor(oid: string, parameters: Element | null, element: Element) {
    this.oid = oid
    this.parameters = parameters
    this.#element = element
  }

  get bytes(): Buffer {
    return this.#element.bytes
  }
}

/** The single member of `[number] EXPLICIT`. */
export function explicit(element: Element, number: number): Element {
  const members = new Members(element, contextTag(number))
  const inner = members.take()
  members.end()
  return inner
}
