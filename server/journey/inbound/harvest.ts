import { lookupAddress } from '../../../shared/words/address.ts'
import { fingerprint, usableFor } from '../../keys/certificate.ts'
import { type Harvest, harvestedPeer } from '../../keys/harvest.ts'
import type { TenantWrites } from '../../ports/store.ts'
import type { TenantProfile } from '../tenant.ts'
import { settingsOf, type View } from './views.ts'

/** A certificate that its holder may be written to with from now on. */
export interface Harvested extends Harvest {
  readonly address: string
}

/** Certificates of good signers that also encrypt, once each; `at` is the time of receipt, epoch ms. */
export function harvestOf(tenant: TenantProfile, views: readonly View[], at: number): readonly Harvested[] {
  if (!settingsOf(tenant).harvest) return []
  const found = new Map<string, Harvested>()
  for (const { opened, received } of views) {
    const [leaf] = opened?.harvest?.certificates ?? []
    if (!opened?.harvest || !leaf) continue
    const address = lookupAddress(received.parsed.visible.from)
    if (usableFor(leaf, address, at, 'encrypt') === null) found.set(fingerprint(leaf), { ...opened.harvest, address })
  }
  return [...found.values()]
}

/** Writes what is new. A record that is there already, of whomever and for whatever, is not replaced by a stranger's mail. */
export async function keepHarvest(
  tx: TenantWrites,
  harvested: readonly Harvested[],
  now: number,
): Promise<readonly { readonly key: string; readonly address: string }[]> {
  const kept: { key: string; address: string }[] = []
  for (const { address, ...harvest } of harvested) {
    const key = fingerprint(harvest.certificates[0]!)
    const record = harvestedPeer(await tx.keys({ id: key }), harvest, address, now)
    if (!record) continue
    await tx.putKey(record)
    kept.push({ key, address })
  }
  return kept
}
