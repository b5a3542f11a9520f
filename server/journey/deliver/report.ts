import type { CopyRecord, EnvelopeRecipient, JobSpec, ReceivedMessage, TenantId } from '../../../shared/domain/index.ts'
import { toFault } from '../../../shared/fault/index.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { TenantReads } from '../../ports/store.ts'
import { lanesOf } from '../route-of.ts'
import { postmasterOf, type TenantProfile } from '../tenant.ts'
import { buildDsn } from './dsn.ts'
import type { DsnAction, DsnRecipient } from './dsn-recipient.ts'
import type { DsnLanguage } from './dsn-words.ts'
import { readOriginal } from './original.ts'

export interface ReportDeps {
  readonly blobs: BlobStore
  readonly newId: () => string
  /** Our host name. */
  readonly name: string
  readonly tenant: (id: TenantId) => Pick<TenantProfile, 'domains' | 'language' | 'routes' | 'routeByDomain'>
  /** With RET=FULL, messages up to so many bytes are returned whole. */
  readonly fullBytes?: number
}

/** A report ready to be sent: its blob is stored; row and job go into the transaction that settles what it reports. */
export interface PreparedReport {
  readonly copy: CopyRecord
  readonly job: JobSpec
  /** Takes the blob back when that transaction failed with `error`, unless its rows may stand: without it the report would be lost. */
  discard(error: unknown, read: Pick<TenantReads, 'copy'>): Promise<void>
}

/**
 * Writes delivery status notifications. They leave by the default route under the null sender, as a copy of the message they
 * are about; no policy looks at them, and nothing is ever reported about them (RFC 5321 6.1).
 */
export function createReporter(deps: ReportDeps) {
  return {
    /** Null when nobody wants to know: null sender, nothing in `recipients`. `recipients` are already chosen by `isWanted`. */
    async prepare(
      tenant: TenantId,
      message: ReceivedMessage,
      recipients: readonly DsnRecipient[],
      now: number,
    ): Promise<PreparedReport | null> {
      const { envelope } = message
      if (envelope.mailFrom === '' || recipients.length === 0) return null
      const failed = recipients.some((recipient) => recipient.action === 'failed')
      await using source = await deps.blobs.open(tenant, 'spool', message.blob)
      const original = await readOriginal(source, failed && envelope.ret === 'FULL', deps.fullBytes ?? 262_144)
      const id = deps.newId()
      const profile = deps.tenant(tenant)
      const content = buildDsn({
        id,
        at: now,
        reportingMta: deps.name,
        from: postmasterOf(profile),
        to: envelope.mailFrom,
        originalMessageId: message.rfcMessageId,
        ...(envelope.envid ? { envid: envelope.envid } : {}),
        ...(message.origin.helo ? { receivedFrom: message.origin.helo } : {}),
        arrivedAt: message.acceptedAt,
        smtputf8: envelope.smtputf8,
        languages: languagesOf(profile),
        recipients,
        original,
      })
      const { size } = await deps.blobs.put(
        tenant,
        'copy',
        id,
        (async function* () {
          yield content
        })(),
      )
      const copy: CopyRecord = {
        head: null,
        bodyStart: null,
        id,
        message: message.id,
        recipients: [envelope.mailFrom],
        steps: [],
        blob: id,
        size,
        route: '',
        mailFrom: '',
        createdAt: now,
      }
      return {
        copy,
        job: {
          queue: 'deliver',
          message: message.id,
          lane: lanesOf(profile, '', copy.recipients)[0]?.lane ?? '',
          step: `deliver:${id}`,
          payload: { copyId: id, recipients: copy.recipients },
          runAt: now,
        },
        async discard(error, read) {
          // A commit whose flush failed stands as well, and so may one that was tried again. What stays without a row is swept later.
          if (toFault(error).code === 'store-in-doubt' || (await read.copy(id)) !== null) return
          await deps.blobs.delete(tenant, 'copy', id)
        },
      }
    },
  }
}

/** NOTIFY (RFC 3461 4.1): without it, failures and delays are reported; a success only to those who asked. */
export function isWanted(action: DsnAction, recipient: EnvelopeRecipient): boolean {
  const condition = ({ failed: 'FAILURE', delayed: 'DELAY', relayed: 'SUCCESS' } as const)[action]
  return recipient.notify ? recipient.notify.includes(condition) : action !== 'relayed'
}

/** The tenant's own language first; who is written to may understand the other. */
export function languagesOf({ language }: Pick<TenantProfile, 'language'>): readonly DsnLanguage[] {
  return language === 'de' ? ['de', 'en'] : ['en', 'de']
}
