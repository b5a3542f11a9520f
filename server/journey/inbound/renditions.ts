import type { CopyPlan, RecipientDecision } from '../../../shared/domain/index.ts'
import { domainOf } from '../../../shared/words/address.ts'
import type { Entity } from '../../mime/entity.ts'
import { isOwnDomain } from '../tenant.ts'
import { LinkFiles } from '../transform/link-files.ts'
import type { MailInHand, Tools } from '../transform/mail.ts'
import { copiesOf } from '../transform/render.ts'
import { formFor, inHand } from './hand.ts'
import type { Form, View } from './views.ts'

/** A copy to be rendered, and the form of the mail that it is rendered from. */
export interface Rendition {
  readonly view: View
  readonly copy: { readonly plan: CopyPlan; readonly recipients: readonly RecipientDecision[] }
  readonly mail: MailInHand
  readonly files: LinkFiles
  /** All its recipients are ours: what was found may be said in the header. */
  readonly ours: boolean
  /** The message as stored: a body that is not the one received cannot be read from the spool. */
  own(message: Entity): Entity
}

/**
 * The copies of the decision, each from the form that its recipients get. With `parted`, people of ours and others share none:
 * what the header of a copy says of the mail stays in the house.
 */
export function* renditions(
  mail: Omit<MailInHand, 'source' | 'parsed'>,
  views: readonly View[],
  wanted: ReadonlySet<string>,
  tools: Tools,
  parted: boolean,
): Generator<Rendition> {
  for (const view of views) {
    const addresses = new Set([...view.recipients].filter((address) => wanted.has(address)))
    if (addresses.size === 0) continue
    const hands = new Map<Form, { readonly mail: MailInHand; readonly files: LinkFiles }>()
    const handOf = (form: Form) => {
      const known = hands.get(form)
      if (known) return known
      const hand = inHand(mail, view, form)
      const made = { mail: hand, files: new LinkFiles(hand, tools) }
      hands.set(form, made)
      return made
    }
    for (const { plan, recipients } of copiesOf(inHand(mail, view, view.received), addresses)) {
      const isOurs = ({ address }: RecipientDecision) => isOwnDomain(mail.tenant, domainOf(address))
      const apart = view.opened !== null || parted
      const shares = apart ? [recipients.filter(isOurs), recipients.filter((one) => !isOurs(one))] : [recipients]
      const form = formFor(view, plan.steps)
      for (const share of shares) {
        if (share.length === 0) continue
        yield {
          view,
          copy: { plan, recipients: share },
          ...handOf(form),
          ours: share.every(isOurs),
          own: (message) => (form === view.unwrapped ? withoutTail(message) : message),
        }
      }
    }
  }
}

function withoutTail({ tailFrom: _, ...message }: Entity): Entity {
  return message
}
