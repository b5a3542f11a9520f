import type { TenantId } from '../../../shared/domain/index.ts'
import { domainOf } from '../../../shared/words/address.ts'
import { HEADER } from '../../../shared/words/headers.ts'
import type { Entity } from '../../mime/entity.ts'
import { fieldsOf, fieldValue, rawField } from '../../mime/header.ts'
import type { VerdictSigner, VerdictStatement } from '../../ports/verdicts.ts'
import type { ParsedMail } from '../parse/parse-mail.ts'
import { isOwnDomain, type TenantProfile } from '../tenant.ts'
import type { OpenedMail } from '../transform/open/index.ts'
import type { View } from './views.ts'

/**
 * What a copy is to say of a mail; null where there is nothing that its reader could not see himself. `internal` is a word for the
 * sender: never for a stranger's mail, which has a class where it answers one of ours, nor for one that a mail server of ours hands on
 * in its own name (SRS) while From says somebody else.
 */
export function statementOf(
  tenant: Pick<TenantProfile, 'domains'>,
  { opened, inbound, received }: Pick<View, 'opened' | 'inbound' | 'received'>,
  copy: string,
  classification: string | null,
): VerdictStatement | null {
  if (!opened && classification === null) return null
  const { visible, message } = received.parsed
  const bound = { from: visible.from, messageId: visible.messageId, copy, classification }
  if (!opened) {
    const internal = !inbound && isOwnDomain(tenant, domainOf(visible.from))
    const state = internal ? 'internal' : (message.opened?.verdict ?? 'not-opened')
    return { ...bound, state, damage: null, signer: null, layers: [] }
  }
  const { verdict, layers } = opened
  const { state, damage, signer } = verdict
  return {
    ...bound,
    state,
    damage,
    signer: signer && { address: signer.address, name: signer.name, issuer: signer.issuer },
    layers: layers.map((layer) => ({ kind: layer.kind, state: layer.state, key: layer.signer?.fingerprint ?? null })),
  }
}

/** A copy with the signed verdict in front; the field cannot be folded, and need not be. */
export function withVerdict(message: Entity, token: string): Entity {
  return { ...message, header: [rawField(HEADER.verdict, token), ...message.header] }
}

/**
 * The verdict of a mail that we processed and that came back on its way to the same people: it is still true. null for none, for
 * several, and for one that is not ours, not about this mail, or of another copy: a body is bound by the mark of its copy alone.
 */
export async function keptVerdict(
  verdicts: VerdictSigner,
  tenant: TenantId,
  { index, visible }: Pick<ParsedMail, 'index' | 'visible'>,
  copy: string,
): Promise<string | null> {
  const [field, ...more] = fieldsOf(index.root.fields, HEADER.verdict.toLowerCase())
  if (!field || more.length > 0) return null
  const token = fieldValue(field)
  return (await verdicts.holds(tenant, token, { from: visible.from, messageId: visible.messageId, copy }))
    ? token
    : null
}

/** Layers as a receipt names them. */
export const receiptLayers = ({ layers }: OpenedMail): readonly string[] =>
  layers.map(({ kind, state, algorithm }) => `received ${kind}: ${state}${algorithm ? ` (${algorithm})` : ''}`)
