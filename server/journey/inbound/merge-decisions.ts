import { createHash } from 'node:crypto'
import type { Decision, OnceStep } from '../../../shared/domain/index.ts'
import type { TenantLabels } from '../../../shared/policy/index.ts'

/**
 * One decision on a message that its recipients get in different forms, from those on each form. A single one stays as it is.
 * What is done once per message is done once: the same step of two decisions counts once, with the people of both. Of several
 * classes the highest of the tenant's is that of the message: what answers it is not below any of its forms.
 */
export function mergeDecisions(
  decisions: readonly [Decision, ...Decision[]],
  labels: Pick<TenantLabels, 'default' | 'rank'>,
): Decision {
  const [first, ...more] = decisions
  if (more.length === 0) return first
  let shift = 0
  const copies = decisions.flatMap(({ recipients, copies: plans }) => {
    const before = shift
    shift += recipients.length
    return plans.map((plan) => ({ ...plan, recipients: plan.recipients.map((at) => at + before) }))
  })
  const classification = decisions
    .map((decision) => decision.classification ?? labels.default.id)
    .reduce((highest, one) => (labels.rank(one) > labels.rank(highest) ? one : highest))
  return {
    ...first,
    classification,
    decisionId: idOf(decisions),
    recipients: decisions.flatMap(({ recipients }) => recipients),
    copies,
    once: decisions.flatMap(({ once }) => once).reduce(joined, []),
  }
}

function idOf(decisions: readonly Decision[]): string {
  const ids = decisions.map(({ decisionId }) => decisionId)
  return createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, ids[0]!.length)
}

/** The steps with one more, which joins the one of its kind that is there. */
function joined(steps: OnceStep[], step: OnceStep): OnceStep[] {
  const at = steps.findIndex((one) => sameThing(one, step))
  const known = steps[at]
  if (!known) return [...steps, step]
  const together = 'to' in known && 'to' in step ? { ...known, to: [...new Set([...known.to, ...step.to])] } : known
  return steps.with(at, together)
}

function sameThing(a: OnceStep, b: OnceStep): boolean {
  if (a.do === 'archive' && b.do === 'archive') return a.store === b.store && a.form === b.form
  if (a.do === 'bcc' && b.do === 'bcc') return a.form === b.form
  if (a.do === 'deliverTo' && b.do === 'deliverTo') return a.role === b.role
  if (a.do === 'notify' && b.do === 'notify') return a.template === b.template
  return a.do === 'incident' && b.do === 'incident' && a.webhook === b.webhook && a.category === b.category
}
