/** The vocabulary of actions: every action, each defined once, and the phases in which they are carried out. */
import type { Phase } from '../../domain/index.ts'
import type { AnyAction } from './action.ts'
import { attaching } from './actions/attach.ts'
import { copying } from './actions/copy.ts'
import { gates } from './actions/gate.ts'
import { notifying } from './actions/notify.ts'
import { protecting } from './actions/protect.ts'
import { rewriting } from './actions/rewrite.ts'
import { routing } from './actions/route.ts'

export const PHASES: readonly Phase[] = [
  'gate',
  'rewrite',
  'attach',
  'archive',
  'sign',
  'protect',
  'copy',
  'route',
  'notify',
  'audit',
]

/** The first must come before the second, whatever `order` says. */
export const PHASE_ORDER: readonly (readonly [Phase, Phase])[] = [
  ['gate', 'rewrite'],
  ['gate', 'attach'],
  ['rewrite', 'sign'],
  ['attach', 'sign'],
  ['sign', 'protect'],
  ['protect', 'route'],
]

export const actions: ReadonlyMap<string, AnyAction> = new Map(
  [...gates, ...rewriting, ...attaching, ...copying, ...protecting, ...routing, ...notifying].map((action) => [
    action.name,
    action,
  ]),
)

const byPhase = (scope: AnyAction['scope']): ReadonlyMap<Phase, readonly AnyAction[]> =>
  new Map(
    PHASES.map((phase) => [
      phase,
      [...actions.values()].filter((action) => action.phase === phase && action.scope === scope),
    ]),
  )
const scopes = { recipient: byPhase('recipient'), message: byPhase('message') }

/** Actions of a phase, in the order of the registry. */
export function actionsOf(phase: Phase, scope: AnyAction['scope']): readonly AnyAction[] {
  return scopes[scope].get(phase) ?? []
}
