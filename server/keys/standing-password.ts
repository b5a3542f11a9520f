/** The password that a recipient keeps for the PDFs of one organisation: at rest only under the tenant's key. */
import { createHash } from 'node:crypto'
import type { KeyRecord, TenantId } from '../../shared/domain/index.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { TenantWrites } from '../ports/store.ts'
import { openText, sealText } from './seal.ts'

const PURPOSE = 'secflow standing password v1'

/** The record that keeps it; `address` in canonical form, `now` epoch ms. There is one for an address: a new one takes its place. */
export function standingPasswordRecord(
  secrets: TenantSecrets,
  owner: { readonly tenant: TenantId; readonly address: string; readonly now: number },
  password: string,
): KeyRecord {
  const { tenant, address, now } = owner
  return {
    id: createHash('sha256').update(`standing password\0${address}`).digest('hex'),
    kind: 'password',
    use: 'peer',
    address,
    publicText: '',
    sealedPrivate: sealText(secrets.keyEncryptionKey(tenant), sealing(tenant, address), password),
    revokedAt: null,
    createdAt: now,
  }
}

/** Raises `key-unusable` when the record was altered, or is another tenant's or recipient's. */
export function openStandingPassword(secrets: TenantSecrets, tenant: TenantId, record: KeyRecord): string {
  return openText(
    secrets.keyEncryptionKey(tenant),
    sealing(tenant, record.address),
    record.sealedPrivate ?? new Uint8Array(0),
  )
}

/**
 * Forgets it, so that the next mail brings a new one; with `since` (epoch ms) only the one that was made then. Answers
 * whether there was one.
 */
export async function forgetStandingPassword(
  tx: Pick<TenantWrites, 'keys' | 'deleteKey'>,
  address: string,
  since?: number,
): Promise<boolean> {
  const [record] = await tx.keys({ kind: 'password', address })
  if (!record || (since !== undefined && record.createdAt !== since)) return false
  await tx.deleteKey(record.id)
  return true
}

/** A tenant id has no `/`. */
function sealing(tenant: TenantId, address: string) {
  return { purpose: PURPOSE, boundTo: `${tenant}/${address}` }
}
