import type {
  AuditRecord,
  CodeRecord,
  CopyRecord,
  DecisionInputRecord,
  GrantRecord,
  JobRecord,
  KeyRecord,
  LinkFileRecord,
  MessageId,
  MessageRecord,
  PersonRecord,
  PolicyVersionRecord,
  PortalSessionRecord,
  ReceivedMessage,
  RecipientRecord,
} from '../../../shared/domain/index.ts'
import type {
  IdempotencyRecord,
  JobCount,
  JobQuery,
  PolicyReads,
  PolicyVersionSummary,
  TenantReads,
  Unerased,
} from '../../ports/store.ts'
import { auditRecords } from './audit.ts'
import { copies, copyById, copyToSend } from './copies.ts'
import { idempotent } from './idempotency.ts'
import { keys } from './keys.ts'
import { grantById, grantByToken, grantOfContent, grants, linkFileById, linkFiles } from './links.ts'
import { contentOf, messageById, messages, messagesCalled, notDoneBlobs } from './messages.ts'
import { jobById, jobCounts, jobsOf, waiting } from './operator.ts'
import { peopleWithRole, personByAddress } from './people.ts'
import { decisionInputs, policyVersionOf, policyVersions } from './policies.ts'
import { newestCode, portalSessionByToken } from './portal.ts'
import { recipients } from './recipients.ts'
import { TenantStatements } from './tenant.ts'
import { copyBlobs, messagesWithEndedGrants, overMessages, unerased } from './tidy.ts'

/** The reads of one tenant, on the reading connection or inside a unit of work. */
export class SqlReads extends TenantStatements implements TenantReads {
  message(id: MessageId): Promise<MessageRecord | null> {
    return messageById(this, id)
  }

  content(message: MessageId): Promise<Uint8Array | null> {
    return contentOf(this, message)
  }

  notDoneBlobs(query: Parameters<TenantReads['notDoneBlobs']>[0]): Promise<Pick<MessageRecord, 'id' | 'blob'>[]> {
    return notDoneBlobs(this, query)
  }

  messages(query: { limit: number; before?: MessageId; sender?: string }): Promise<MessageRecord[]> {
    return messages(this, query)
  }

  messagesCalled(rfcMessageIds: readonly string[]): Promise<MessageRecord[]> {
    return messagesCalled(this, rfcMessageIds)
  }

  recipients(message: MessageId): Promise<RecipientRecord[]> {
    return recipients(this, message)
  }

  copies(message: MessageId): Promise<CopyRecord[]> {
    return copies(this, message)
  }

  copy(id: string): Promise<CopyRecord | null> {
    return copyById(this, id)
  }

  copyToSend(id: string): Promise<{ copy: CopyRecord; message: ReceivedMessage } | null> {
    return copyToSend(this, id)
  }

  linkFiles(message: MessageId): Promise<LinkFileRecord[]> {
    return linkFiles(this, message)
  }

  linkFile(id: string): Promise<LinkFileRecord | null> {
    return linkFileById(this, id)
  }

  grantByToken(tokenHash: string): Promise<GrantRecord | null> {
    return grantByToken(this, tokenHash)
  }

  grant(id: string): Promise<GrantRecord | null> {
    return grantById(this, id)
  }

  grants(message: MessageId): Promise<GrantRecord[]> {
    return grants(this, message)
  }

  code(grant: string, channel: CodeRecord['channel']): Promise<CodeRecord | null> {
    return newestCode(this, grant, channel)
  }

  portalSession(tokenHash: string): Promise<PortalSessionRecord | null> {
    return portalSessionByToken(this, tokenHash)
  }

  audit(query: { message?: MessageId; afterSeq?: number; limit: number }): Promise<AuditRecord[]> {
    return auditRecords(this, query)
  }

  idempotent(client: string, key: string): Promise<IdempotencyRecord | null> {
    return idempotent(this, client, key)
  }

  keys(query: Parameters<TenantReads['keys']>[0]): Promise<KeyRecord[]> {
    const { keptKeys } = this.engine
    return keptKeys ? keptKeys.of(this.tenant, query, () => keys(this, query)) : keys(this, query)
  }

  person(address: string): Promise<PersonRecord | null> {
    return personByAddress(this, address)
  }

  peopleWithRole(role: string): Promise<PersonRecord[]> {
    return peopleWithRole(this, role)
  }

  overMessages(query: Parameters<TenantReads['overMessages']>[0]): ReturnType<TenantReads['overMessages']> {
    return overMessages(this, query)
  }

  unerased(limit: number): Promise<Unerased[]> {
    return unerased(this, limit)
  }

  copyBlobs(messages: readonly MessageId[]): Promise<Pick<CopyRecord, 'message' | 'blob'>[]> {
    return copyBlobs(this, messages)
  }

  messagesWithEndedGrants(endedBy: number, limit: number): Promise<MessageId[]> {
    return messagesWithEndedGrants(this, endedBy, limit)
  }

  grantOfContent(blob: string): Promise<GrantRecord | null> {
    return grantOfContent(this, blob)
  }

  policyVersions(query: Parameters<PolicyReads['policyVersions']>[0]): Promise<PolicyVersionSummary[]> {
    return this.unprepared((db) => policyVersions(db, this.engine.tables, this.tenant, query))
  }

  policyVersion(serial?: number): Promise<PolicyVersionRecord | null> {
    return this.unprepared((db) => policyVersionOf(db, this.engine.tables, this.tenant, serial))
  }

  decisionInputs(query: Parameters<PolicyReads['decisionInputs']>[0]): Promise<DecisionInputRecord[]> {
    return this.unprepared((db) => decisionInputs(db, this.engine.tables, this.tenant, query))
  }

  jobs(query: JobQuery): Promise<JobRecord[]> {
    return this.unprepared((db) => jobsOf(db, this.engine.tables, this.tenant, query))
  }

  job(id: string): Promise<JobRecord | null> {
    return this.unprepared((db) => jobById(db, this.engine.tables, this.tenant, id))
  }

  jobCounts(): Promise<JobCount[]> {
    return this.unprepared((db) => jobCounts(db, this.engine.tables, this.tenant))
  }

  waiting(query: { limit: number; after?: MessageId }): Promise<RecipientRecord[]> {
    return this.unprepared((db) => waiting(db, this.engine.tables, this.tenant, query))
  }
}
