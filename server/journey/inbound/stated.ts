import type { Entity } from '../../mime/entity.ts'
import type { RenderedCopy, Tools } from '../transform/mail.ts'
import type { Rendition } from './renditions.ts'
import { keptVerdict, statementOf, type VerdictSigner, withVerdict } from './verdict-header.ts'

/** A copy for people of ours with what was found, signed; any other copy as it was rendered. */
export async function withStatement(
  { verdicts, tools }: { readonly verdicts: VerdictSigner; readonly tools: Pick<Tools, 'clock'> },
  { mail, view, ours, own }: Rendition,
  { id, message }: Pick<RenderedCopy, 'id' | 'message'>,
  classification: string | null,
): Promise<Entity> {
  if (view.returned) {
    const kept = await keptVerdict(verdicts, mail.tenant.id, view.received.parsed)
    return kept === null ? message : withVerdict(message, kept)
  }
  const statement = ours ? statementOf(mail.tenant, view, id, classification) : null
  if (!statement) return own(message)
  return withVerdict(own(message), await verdicts.sign(mail.tenant.id, statement, tools.clock.now()))
}
