import type { OnceStep } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { domainOf } from '../../../shared/words/address.ts'
import { isOwnDomain } from '../tenant.ts'
import type { MailInHand, Tools } from './mail.ts'

/** Addresses by role, on-call first, deputies last. */
export type RoleHolders = ReadonlyMap<string, readonly string[]>

/**
 * Who holds the roles of the plan's `deliverTo` steps now. Raises `role-unheld` when nobody of the tenant's own domains does:
 * the caller holds the message, because a mail that a rule sends to the one on call must not go on without them. Raises
 * `store-unavailable` when the directory cannot tell.
 */
export async function roleHolders(mail: MailInHand, tools: Pick<Tools, 'directory'>): Promise<RoleHolders> {
  const holders = new Map<string, readonly string[]>()
  for (const step of mail.decision.once) {
    if (step.do === 'deliverTo') holders.set(step.role, await holdersOf(step, mail, tools))
  }
  return holders
}

async function holdersOf(
  { role, holders }: Extract<OnceStep, { do: 'deliverTo' }>,
  mail: MailInHand,
  tools: Pick<Tools, 'directory'>,
): Promise<readonly string[]> {
  const all = await tools.directory.holders(mail.tenant.id, role)
  // What leaves the house is the business of rules that protect; a role is an office in it.
  const own = all.filter((address) => isOwnDomain(mail.tenant, domainOf(address)))
  if (own.length === 0) throw new Fault('role-unheld', role)
  return holders === 'first' ? own.slice(0, 1) : own
}
