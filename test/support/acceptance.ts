import { createAcceptor } from '../../server/journey/ingress/accept.ts'
import { systemClock as clock } from '../../server/platform/clock.ts'
import { messageId } from '../../server/platform/ids.ts'
import type { BlobStore } from '../../server/ports/blobs.ts'
import { noMetrics, silentLog } from '../../server/ports/log.ts'
import type { Store } from '../../server/ports/store.ts'
import type { TenantId } from '../../shared/domain/index.ts'

/** Accepts one mail of `tenant` after another into a store and a spool; none is so short that it would stand in its row. */
export function acceptance(tenant: TenantId, store: Store, blobs: BlobStore) {
  const deps = { store, blobs, clock, log: silentLog, metrics: noMetrics, tellLost: async () => {} }
  const acceptor = createAcceptor({ ...deps, ids: () => messageId(clock.now()), name: 'gw.alpha.example' })
  return {
    deps,
    accept: () =>
      acceptor.accept({
        tenant,
        envelope: {
          mailFrom: 'ann@alpha.example',
          recipients: [{ address: 'bob@peer.example' }],
          body: '7BIT',
          smtputf8: false,
          requireTls: false,
        },
        origin: {
          channel: 'smtp',
          authenticated: 'auth',
          identity: 'ann',
          peer: '192.0.2.7',
          helo: 'h',
          tls: 'TLSv1.3',
        },
        content: (async function* () {
          yield Buffer.from(
            'Date: Mon, 23 Nov 2026 04:28:03 +0000\r\nMessage-ID: <a@b>\r\n\r\n' + 'Hello\r\n'.repeat(5_000),
          )
        })(),
      }),
    /** Ids of the mails whose content is there. */
    spool: () => Array.fromAsync(blobs.list(tenant, 'spool')),
  }
}
