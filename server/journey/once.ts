import type { Decision, OnceStep } from '../../shared/domain/index.ts'

/**
 * The steps of a decision that are still to be done, when the message was evaluated before: what `before` caused is not caused
 * again, what only this decision asks for (a fact came to be known, an address joined) is. `sent`: a copy left for somebody
 * before; until then blind copies and mail to roles wait, whatever `before` says.
 *
 * As-sent forms stay, they are about the copies of this evaluation; an incident's job knows itself by its name.
 */
export function onceDue(decision: Decision, before: Decision | null, sent: boolean): readonly OnceStep[] {
  const done = before?.once ?? []
  const due = (step: OnceStep): OnceStep[] => {
    switch (step.do) {
      case 'bcc': {
        if (step.form === 'as-sent' || !sent) return [step]
        return withoutAddresses(
          step,
          done.flatMap((one) => (one.do === 'bcc' && one.form === 'plain' ? one.to : [])),
        )
      }
      case 'deliverTo':
        return sent && done.some((one) => one.do === 'deliverTo' && one.role === step.role) ? [] : [step]
      case 'notify':
        return withoutAddresses(
          step,
          done.flatMap((one) => (one.do === 'notify' && one.template === step.template ? one.to : [])),
        )
      case 'archive': {
        const same = (one: OnceStep) => one.do === 'archive' && one.store === step.store && one.form === step.form
        return step.form === 'plain' && done.some(same) ? [] : [step]
      }
      case 'incident':
        return [step]
    }
  }
  return decision.once.flatMap(due)
}

function withoutAddresses<S extends OnceStep & { readonly to: readonly string[] }>(
  step: S,
  served: readonly string[],
): S[] {
  const to = step.to.filter((address) => !served.includes(address))
  return to.length === 0 ? [] : [{ ...step, to }]
}
