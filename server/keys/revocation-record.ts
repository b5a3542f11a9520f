import type { X509Certificate } from 'node:crypto'
import type { KeyRecord } from '../../shared/domain/index.ts'
import type { Steps } from '../../shared/policy/steps.ts'
import type { TenantReads, TenantWrites } from '../ports/store.ts'
import { inTurns } from '../threads/turn.ts'
import { readCrlPoints } from './asn1/certificate-read.ts'
import { type CrlFields, crlIssued } from './asn1/crl-read.ts'
import { fingerprint, readCertificates } from './certificate.ts'
import { verifyPath } from './path.ts'
import { crlInTurns, crlName, derInSteps, derOf, findSignedBy, isSignedBy } from './revocation.ts'

/**
 * A revocation list, PEM or DER, and its record; others have their turn while it is read. Whether an authority of ours signed it is
 * the caller's question. Raises `crl-unusable`.
 */
export async function crlRecord(
  data: string | Uint8Array,
  now: number,
): Promise<{ readonly record: KeyRecord; readonly list: CrlFields }> {
  const der = await inTurns(derInSteps(data))
  const list = await crlInTurns(der)
  const lines = await inTurns(linesInSteps(der))
  const record: KeyRecord = {
    id: crlName(list),
    kind: 'crl',
    use: 'peer',
    address: '',
    publicText: `-----BEGIN X509 CRL-----\n${lines}-----END X509 CRL-----\n`,
    sealedPrivate: null,
    revokedAt: null,
    createdAt: now,
  }
  return { record, list }
}

/** Whole lines of 64 characters of base64. */
const PIECE = 48 * 1_024

function* linesInSteps(der: Buffer): Steps<string> {
  const pieces: string[] = []
  for (let at = 0; at < der.length; at += PIECE) {
    yield
    pieces.push(der.toString('base64', at, at + PIECE).replace(/.{1,64}/g, '$&\n'))
  }
  return pieces.join('')
}

/** Keeps a list in the place of an older one of the same authority and scope; false where a newer one is there. */
export async function putCrl(tx: Pick<TenantWrites, 'keys' | 'putKey'>, record: KeyRecord): Promise<boolean> {
  const [known] = await tx.keys({ id: record.id, kind: 'crl' })
  if (known && issued(known) > issued(record)) return false
  await tx.putKey(record)
  return true
}

const issued = ({ publicText }: KeyRecord) => crlIssued(derOf(publicText))

/** What a tenant's stored certificates say of revocation lists. */
export interface ListSources {
  /** Authorities whose lists count: anchors, and those that a path leads from to one. */
  readonly authorities: readonly X509Certificate[]
  /** Addresses of http where they and people's certificates say that lists are, each once. */
  readonly points: readonly string[]
}

const LONGEST_POINT = 500

/**
 * Among the stored certificates are those of authorities that came along with somebody's mail: whoever has one good certificate
 * can send any. One of another's name and key identifier must neither put its list in the place of the other's nor have its
 * points asked, so only those count that chain to an anchor at `at` (epoch ms).
 */
export async function listSourcesOf(read: Pick<TenantReads, 'keys'>, at: number): Promise<ListSources> {
  const anchors = await read.keys({ kind: 'anchor' })
  const people = await read.keys({ kind: 'smime' })
  // Reading a certificate takes 0.3 ms, and a tenant may have ten thousand: mail goes on in between.
  return inTurns(sourcesAmong(anchors, people, at))
}

function* sourcesAmong(stored: readonly KeyRecord[], people: readonly KeyRecord[], at: number): Steps<ListSources> {
  const anchors = new Map<string, X509Certificate>()
  const candidates = new Map<string, X509Certificate>()
  const points = new Set<string>()
  const note = ({ raw }: X509Certificate) => {
    for (const point of readCrlPoints(raw))
      if (/^https?:\/\//i.test(point) && point.length <= LONGEST_POINT) points.add(point)
  }
  for (const { publicText, revokedAt } of stored) {
    yield
    for (const one of revokedAt === null ? readable(publicText) : []) anchors.set(fingerprint(one), one)
  }
  for (const { publicText } of people) {
    yield
    // The first is somebody's own and was trusted when it was stored; the others came along.
    const [own, ...along] = readable(publicText)
    if (own) note(own)
    for (const one of along) if (one.ca) candidates.set(fingerprint(one), one)
  }
  const authorities = yield* trustedOf([...anchors.values()], [...candidates.values()], at)
  authorities.forEach(note)
  return { authorities: authorities.filter(({ ca }) => ca), points: [...points].sort() }
}

/** From the anchors downwards: a stranger's authorities, however many and whatever their names, cost one check each. */
function* trustedOf(
  anchors: readonly X509Certificate[],
  candidates: readonly X509Certificate[],
  at: number,
): Steps<readonly X509Certificate[]> {
  const trusted = [...anchors]
  for (let left = candidates; left.length > 0; ) {
    const others: X509Certificate[] = []
    const found: X509Certificate[] = []
    for (const one of left) {
      yield
      ;(verifyPath(one, [], trusted, at) === null ? found : others).push(one)
    }
    if (found.length === 0) break
    trusted.push(...found)
    left = others
  }
  return trusted
}

function readable(pem: string): readonly X509Certificate[] {
  try {
    return readCertificates(pem)
  } catch {
    // One damaged row must not stop the lists of all others.
    return []
  }
}

/** Which of these authorities signed the list, or null. */
export function authorityOf(list: CrlFields, authorities: readonly X509Certificate[]): X509Certificate | null {
  return authorities.find((authority) => isSignedBy(list, authority)) ?? null
}

/** The same; signatures are checked on the thread pool, and `isSignedBy` knows what came of it. */
export async function findAuthority(
  list: CrlFields,
  authorities: readonly X509Certificate[],
): Promise<X509Certificate | null> {
  for (const authority of authorities) if (await findSignedBy(list, authority)) return authority
  return null
}
