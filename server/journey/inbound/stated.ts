import type { OnceStep } from '../../../shared/domain/index.ts'
import { domainOf } from '../../../shared/words/address.ts'
import type { Entity } from '../../mime/entity.ts'
import type { VerdictSigner } from '../../ports/verdicts.ts'
import { isOwnDomain, type TenantProfile } from '../tenant.ts'
import type { RenderedCopy, Tools } from '../transform/mail.ts'
import type { Rendition } from './renditions.ts'
import { keptVerdict, statementOf, withVerdict } from './verdict-header.ts'

/** What was found stays in the house: it is not on copies of which a blind copy goes elsewhere as they are. */
function leavesTheHouse(tenant: TenantProfile, once: readonly OnceStep[]): boolean {
  return once.some(
    (step) =>
      step.do === 'bcc' && step.form === 'as-sent' && step.to.some((one) => !isOwnDomain(tenant, domainOf(one))),
  )
}

/** A copy for people of ours with what was found, signed; any other copy as it was rendered. */
export async function withStatement(
  { verdicts, tools }: { readonly verdicts: VerdictSigner; readonly tools: Pick<Tools, 'clock'> },
  { mail, view, ours, own }: Rendition,
  { id, message }: Pick<RenderedCopy, 'id' | 'message'>,
  classification: string | null,
): Promise<Entity> {
  if (leavesTheHouse(mail.tenant, mail.decision.once)) return view.returned === undefined ? own(message) : message
  if (view.returned !== undefined) {
    const kept = await keptVerdict(verdicts, mail.tenant.id, view.received.parsed, view.returned)
    return kept === null ? message : withVerdict(message, kept)
  }
  const statement = ours ? statementOf(mail.tenant, view, id, classification) : null
  if (!statement) return own(message)
  return withVerdict(own(message), await verdicts.sign(mail.tenant.id, statement, tools.clock.now()))
}
