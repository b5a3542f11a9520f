import type { TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { canonicalAddress } from '../../shared/words/address.ts'
import type { Clock } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import { type CrlFields, issuerName } from './asn1/crl-read.ts'
import { crlInTurns } from './revocation.ts'
import { crlRecord, findAuthority, listSourcesOf, putCrl } from './revocation-record.ts'
import { forgetStandingPassword } from './standing-password.ts'

/** A revocation list as its operator sees it. */
export interface CrlView {
  /** Common name, or organisation. */
  readonly authority: string
  /** Epoch ms. */
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly revoked: number
  /** It ran out: who is not in it may be revoked meanwhile. */
  readonly stale: boolean
}

/** Who acts, for the audit. */
export interface KeyOperator {
  readonly subject: string
  readonly reason: string
}

/** Keys of a tenant in the hand of its operator: each change is one transaction with its audit line. */
export interface KeyDesk {
  /**
   * Forgets the standing PDF password of a correspondent: the next mail makes and sends a new one. Documents that were sent keep
   * the old one. Raises `not-found` where there is none, `address-invalid`.
   */
  renewPassword(tenant: TenantId, address: string, by: KeyOperator): Promise<{ readonly address: string }>
  crls(tenant: TenantId): Promise<readonly CrlView[]>
  /**
   * Keeps a revocation list, PEM or DER, in the place of an older one. Raises `crl-unusable`, also where no authority that is trusted
   * signed it or a newer one is there.
   */
  importCrl(tenant: TenantId, data: Uint8Array, by: KeyOperator): Promise<CrlView>
}

export function createKeyDesk({
  store,
  clock,
  reload,
}: {
  readonly store: Store
  readonly clock: Clock
  /** What mail asks, after a change. */
  reload(tenant: TenantId): Promise<void>
}): KeyDesk {
  return {
    async renewPassword(tenant, text, { subject, reason }) {
      const address = canonicalAddress(text)
      const time = clock.now()
      await store.tenant(tenant).write(async (tx) => {
        if (!(await forgetStandingPassword(tx, address)))
          throw new Fault('not-found', `no standing password of ${address}`)
        const detail = { address, reason }
        await tx.appendAudit({ time, type: 'password.renewed', message: null, actor: subject, detail })
      })
      return { address }
    },

    async crls(tenant) {
      const records = await store.tenant(tenant).read.keys({ kind: 'crl' })
      const views: CrlView[] = []
      for (const { publicText } of records) views.push(viewOf(await crlInTurns(publicText), clock.now()))
      return views
    },

    async importCrl(tenant, data, { subject, reason }) {
      const time = clock.now()
      const { record, list } = await crlRecord(data, time)
      if (list.thisUpdate > time + AHEAD_MS) throw new Fault('crl-unusable', 'it is of the future')
      const { read, write } = store.tenant(tenant)
      const { authorities } = await listSourcesOf(read, time)
      if ((await findAuthority(list, authorities)) === null)
        throw new Fault('crl-unusable', 'none of your authorities signed it')
      await write(async (tx) => {
        if (!(await putCrl(tx, record))) throw new Fault('crl-unusable', 'a newer list of this authority is there')
        const detail = { list: record.id, authority: issuerName(list.issuer), revoked: list.revoked.size, reason }
        await tx.appendAudit({ time, type: 'crl.imported', message: null, actor: subject, detail })
      })
      await reload(tenant)
      return viewOf(list, time)
    },
  }
}

const AHEAD_MS = 86_400_000

const viewOf = ({ issuer, thisUpdate, nextUpdate, revoked }: CrlFields, now: number): CrlView => ({
  authority: issuerName(issuer),
  thisUpdate,
  nextUpdate,
  revoked: revoked.size,
  stale: now > nextUpdate,
})
