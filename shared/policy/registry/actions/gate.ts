/** Outcomes other than delivery. All four write one slot; the strictest outcome stands, with the words of those who asked for it. */
import type { Outcome } from '../../../domain/index.ts'
import type { Text } from '../../diagnostic.ts'
import { listOf, object, refine, type Shape, text } from '../../parse/shape.ts'
import { type AnyAction, action } from '../action.ts'
import { unite } from '../joins.ts'

export const OUTCOMES: readonly Outcome[] = ['deliver', 'defer', 'hold', 'quarantine', 'reject']

export interface Gate {
  readonly outcome: Outcome
  readonly texts: readonly string[]
  readonly approvers: readonly string[]
}

/** Asks for nothing: the neutral element of the join. */
export const DELIVER: Gate = { outcome: 'deliver', texts: [], approvers: [] }

export function joinGates(a: Gate, b: Gate): Gate {
  const rank = OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome)
  if (rank !== 0) return rank > 0 ? a : b
  return { outcome: a.outcome, texts: unite(a.texts, b.texts), approvers: unite(a.approvers, b.approvers) }
}

/** One line for the sender, also for an SMTP reply or a DSN. */
const words = refine(text({ max: 500, pattern: /^[^\r\n]+$/, expected: 'one line of text' }), (value) => value)
const people = listOf(text({ max: 320 }), 1, 50)

interface Params {
  readonly text?: string
  readonly approvers?: readonly string[]
}

function gate(outcome: Exclude<Outcome, 'deliver'>, doc: Text, params: Shape<Params>): AnyAction {
  return action<Params, Gate>({
    name: outcome,
    phase: 'gate',
    scope: 'recipient',
    restrictive: true,
    doc,
    merge: {
      de: 'das strengste gilt: deliver < defer < hold < quarantine < reject',
      en: 'the strictest stands: deliver < defer < hold < quarantine < reject',
    },
    params,
    contribute: ({ text: reason, approvers }) => [
      {
        slot: '',
        value: { outcome, texts: reason === undefined ? [] : [reason], approvers: unite(approvers ?? [], []) },
      },
    ],
    fixed: () => true,
    join: joinGates,
  })
}

export const gates: readonly AnyAction[] = [
  gate('defer', { de: 'später erneut entscheiden', en: 'decide again later' }, object({}, { text: words })),
  gate(
    'hold',
    { de: 'anhalten, bis jemand freigibt', en: 'hold until somebody releases it' },
    object({ approvers: people }, { text: words }),
  ),
  gate(
    'quarantine',
    { de: 'in Quarantäne, nicht zustellen', en: 'quarantine, do not deliver' },
    object({}, { text: words, approvers: people }),
  ),
  gate('reject', { de: 'für diesen Empfänger ablehnen', en: 'refuse for this recipient' }, object({ text: words }, {})),
]
