import { type GrantRecord, type MessageRecord, type TenantId, tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { tokenHashOf } from '../journey/transform/filelink/grant.ts'
import type { PortalServices } from './services.ts'

/** What a person can prove: that they read the mailbox (`code`), that they hold the phone (`sms`). */
export type Factor = 'code' | 'sms'

/** A link that is alive: whose it is, and the mail it belongs to. */
export interface OpenLink {
  readonly tenant: TenantId
  readonly grant: GrantRecord
  readonly message: MessageRecord
}

/** The grant behind the two parts of a URL. Raises `link-unknown`, `link-expired` and `link-revoked`; the last two are audited. */
export async function resolveLink(services: PortalServices, tenantName: string, token: string): Promise<OpenLink> {
  const hash = tokenHashOf(token)
  const tenant = knownName(tenantName)
  if (!hash || !tenant) throw new Fault('link-unknown')
  const { read } = services.store.tenant(tenant)
  const grant = await read.grantByToken(hash)
  const message = grant && (await read.message(grant.message))
  if (!grant || !message) throw new Fault('link-unknown')
  const link = { tenant, grant, message }
  if (grant.revokedAt !== null) return refuse(services, link, new Fault('link-revoked'))
  if (grant.expiresAt <= services.clock.now()) return refuse(services, link, new Fault('link-expired'))
  return link
}

/**
 * Factors of an access level, in order. `password` counts as `link-code` until files can carry passwords of their own; a level
 * that this version does not know wants everything.
 */
export function factorsOf(access: string): readonly Factor[] {
  switch (access) {
    case 'link':
      return []
    case 'link-code':
    case 'password':
    case 'portal':
      return ['code']
    default:
      return ['code', 'sms']
  }
}

/** The factor to prove next, or null when everything is proved. Factors count in their order only. */
export function nextFactor(access: string, proved: readonly Factor[]): Factor | null {
  return factorsOf(access).find((factor, place) => proved[place] !== factor) ?? null
}

/** Whether the recipient may answer: the policy lets them, and there is somebody to answer. */
export const mayReplyTo = ({ grant, message }: OpenLink) => grant.reply && message.envelope.mailFrom !== ''

/** Raises `factor-missing`, audited, unless everything is proved. */
export async function requireFactors(
  services: PortalServices,
  link: OpenLink,
  proved: readonly Factor[],
): Promise<void> {
  const missing = nextFactor(link.grant.access, proved)
  if (missing) await refuse(services, link, new Fault('factor-missing'), { missing })
}

/** One line of the audit about this link. */
export async function record(
  services: PortalServices,
  { tenant, grant }: OpenLink,
  type: string,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await services.store.tenant(tenant).write((tx) =>
    tx.appendAudit({
      time: services.clock.now(),
      type,
      message: grant.message,
      actor: grant.recipient,
      detail: { grant: grant.id, access: grant.access, ...detail },
    }),
  )
}

/** Audits `link.refused` and throws the fault. */
export async function refuse(
  services: PortalServices,
  link: OpenLink,
  fault: Fault,
  detail: Readonly<Record<string, unknown>> = {},
): Promise<never> {
  await record(services, link, 'link.refused', { fault: fault.code, ...detail })
  throw fault
}

function knownName(name: string): TenantId | null {
  try {
    return tenantId(name)
  } catch {
    return null
  }
}
