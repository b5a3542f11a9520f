import type { X509Certificate } from 'node:crypto'
import type { KeyRecord } from '../../shared/domain/index.ts'
import { fingerprint } from './certificate.ts'
import { keyRecordOfPeer } from './records.ts'

/** What a good signature brought along. */
export interface Harvest {
  /** The signer's certificate first, then those between it and an anchor. */
  readonly certificates: readonly X509Certificate[]
  /** Object identifiers of what the signer's program says it can do (RFC 8551 2.5.2); empty when it says nothing. */
  readonly capabilities: readonly string[]
}

/**
 * The record to put after a good signature of `address`, or null when `known`, the peer's records, already says as much.
 * A record of our own or one that was revoked stays as it is. What a program says of itself replaces what was known:
 * whoever changed their program reads other things (RFC 8551 2.7.1). Saying nothing changes nothing.
 */
export function harvestedPeer(
  known: readonly KeyRecord[],
  { certificates, capabilities }: Harvest,
  address: string,
  now: number,
): KeyRecord | null {
  const [leaf] = certificates
  if (!leaf) return null
  const before = known.find(({ id }) => id === fingerprint(leaf))
  if (!before) {
    const pem = certificates.map((certificate) => certificate.toString()).join('')
    return keyRecordOfPeer(address, pem, now, capabilities.length > 0 ? capabilities : undefined)
  }
  const same = capabilities.length === 0 || sameList(before.capabilities ?? [], capabilities)
  if (before.use !== 'peer' || before.revokedAt !== null || same) return null
  return { ...before, capabilities }
}

const sameList = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((value, at) => value === b[at])
