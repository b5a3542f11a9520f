/** decide(policy, input): pure. All matching rules per recipient, joined; guarantees; copies; steps once per message. */
import type { CopyPlan, Decision, OnceStep, PolicyInput, Reason, RecipientDecision, Step } from '../../domain/index.ts'
import { messageCache } from '../facts.ts'
import { effectiveClass } from '../labels.ts'
import { LAYERS } from '../layer.ts'
import { listVersions } from '../live-lists.ts'
import type { Policy } from '../policy.ts'
import { joinGates } from '../registry/actions/gate.ts'
import { actionsOf } from '../registry/actions.ts'
import { comparableAddress } from '../registry/types.ts'
import { completed } from '../steps.ts'
import { byCode, canonicalJson, digest, isSameJson } from '../text/canonical.ts'
import { type Draft, draftOf, gateOf } from './draft.ts'
import { holdGuarantees } from './guarantee.ts'
import { type Selector, selectByIndex } from './merge.ts'
import { conflictsOf, Joining, type Plan, slotsByAction } from './plan.ts'
import { conflictText } from './texts.ts'

/** A hold that somebody lifted: these rules' `hold` is satisfied for this recipient, every other gate stands. */
export interface Release {
  readonly address: string
  readonly rules: readonly string[]
}

/**
 * Decides one mail. Equal policy content and equal input give an equal decision and `decisionId`. Never throws on
 * well-typed input: what makes no sense is unknown, and what is unknown defers. `selections` tells which rules apply, by the index unless a test wants it otherwise.
 */
export function decide(
  policy: Policy,
  input: PolicyInput,
  releases: readonly Release[] = [],
  selections: Selector = selectByIndex,
): Decision {
  return completed(deciding(policy, input, releases, selections))
}

/** As `decide`, stopping after each bit of work for one recipient: whoever has other work to do goes on when it is done. */
export function* deciding(
  policy: Policy,
  input: PolicyInput,
  releases: readonly Release[] = [],
  selections: Selector = selectByIndex,
): Generator<undefined, Decision> {
  const { drafts, once } = yield* evaluate(policy, input, releases, selections)
  const recipients = yield* inTurn(drafts, finish)
  const copies = copiesOf(drafts, recipients)
  yield
  const lists = policy.sources.size === 0 ? null : listVersions(policy.sources, policy.lists, input.time)
  let seen = `${policy.revision}\n${canonicalJson(input)}`
  if (releases.length > 0) seen += `\n${canonicalJson(releases)}`
  if (lists) seen += `\n${canonicalJson({ lists })}`
  return {
    decisionId: (policy.sha256 ?? digest)(seen).slice(0, 32),
    revision: policy.revision,
    ...(lists ? { lists } : {}),
    classification: effectiveClass(input.message, policy.tenantLabels),
    recipients,
    copies,
    once: onceSteps(policy, drafts, once),
  }
}

/** Drafts after guarantees, in the order of the input's recipients. */
export function draftsOf(
  policy: Policy,
  input: PolicyInput,
  releases: readonly Release[] = [],
  selections: Selector = selectByIndex,
): readonly Draft[] {
  return completed(evaluate(policy, input, releases, selections)).drafts
}

/** Drafts, and the plan of what is done once per message. */
function* evaluate(
  policy: Policy,
  input: PolicyInput,
  releases: readonly Release[],
  selections: Selector,
): Generator<undefined, { readonly drafts: readonly Draft[]; readonly once: Plan }> {
  const cache = messageCache(policy.lists)
  const drafts = yield* inTurn(input.recipients, (recipient) =>
    draftOf(policy, input, recipient, cache, liftedFor(recipient.address, releases), selections),
  )
  const once = commonPlan(drafts)
  holdConflicts(policy, drafts, once)
  yield
  yield* inTurn(drafts, (draft) => holdGuarantees(policy, draft, cache))
  return { drafts, once }
}

function* inTurn<T, U>(list: readonly T[], work: (one: T) => U): Generator<undefined, readonly U[]> {
  const done: U[] = []
  for (const one of list) {
    done.push(work(one))
    yield
  }
  return done
}

const NONE: ReadonlySet<string> = new Set()

function liftedFor(recipient: string, releases: readonly Release[]): ReadonlySet<string> {
  if (releases.length === 0) return NONE
  const address = comparableAddress(recipient)
  return new Set(releases.filter((one) => comparableAddress(one.address) === address).flatMap((one) => one.rules))
}

/** Steps once per message join over recipients; a disagreement there holds everybody who asked. */
function holdConflicts(policy: Policy, drafts: readonly Draft[], once: Plan): void {
  for (const { name, rules } of conflictsOf(once)) {
    for (const draft of drafts) {
      if (!draft.plan.has(name)) continue
      draft.gate = joinGates(draft.gate, gateOf('hold', conflictText(name, rules), [policy.sets[0]?.owner ?? '']))
    }
  }
}

function commonPlan(drafts: readonly Draft[]): Plan {
  const common = new Joining()
  for (const { plan } of drafts)
    for (const [key, slot] of plan) if (slot.action.scope === 'message') common.addAll(key, slot)
  return common.plan()
}

function finish(draft: Draft): RecipientDecision {
  const { gate } = draft
  const deliver = gate.outcome === 'deliver'
  return {
    address: draft.facts.recipient.address,
    outcome: gate.outcome,
    ...(gate.texts.length > 0 ? { text: gate.texts.join('; ') } : {}),
    ...(gate.approvers.length > 0 ? { approvers: gate.approvers } : {}),
    method: deliver ? draft.method : null,
    steps: deliver ? draft.steps : draft.steps.filter((step) => step.do === 'audit'),
    reasons: sorted(draft),
    missing: draft.missing,
    simulated: draft.simulated.length === 0 ? [] : [...new Set(draft.simulated)].sort(byCode),
  }
}

const REASON_ORDER = new Map<Reason['layer'], number>(
  (['guarantee', ...LAYERS, 'intent'] as const).map((layer, place) => [layer, place]),
)

/** What decided the outcome first, then what protects, then the rest; within these by layer and id. */
function sorted({ reasons, gate }: Draft): readonly Reason[] {
  const places: (Place | undefined)[] = []
  for (const { reason, weight, order = Number.NaN } of reasons) {
    const { layer } = reason
    const decided = layer === 'guarantee' || (gate.outcome !== 'deliver' && weight === gate.outcome)
    const group = decided ? 0 : weight !== null || layer === 'intent' ? 1 : 2
    const place = group * REASON_ORDER.size + REASON_ORDER.get(layer)!
    const known = places[place]
    if (known) {
      known.inOrder &&= known.last < order
      known.last = order
      known.reasons.push(reason)
    } else places[place] = { reasons: [reason], last: order, inOrder: true }
  }
  const all: Reason[] = []
  for (const place of places) if (place) for (const reason of inOrder(place)) all.push(reason)
  return all
}

/** Reasons that stand together, and whether the places of their ids rise, as those of rules mostly do. */
interface Place {
  readonly reasons: Reason[]
  last: number
  inOrder: boolean
}

/** Ids are unique among rules, exceptions, guarantees and wishes. */
function inOrder({ reasons, inOrder: sorted }: Place): readonly Reason[] {
  if (sorted) return reasons
  return [...new Map(reasons.map((reason) => [reason.rule, reason])).values()].sort((a, b) => byCode(a.rule, b.rule))
}

interface CopyGroup {
  readonly recipients: number[]
  readonly steps: readonly Step[]
}

/** Copies are told apart one by one up to that many, and by a text of their steps above. */
const FEW_COPIES = 6

/** One copy for all recipients with the same steps: the fewest that are possible. Names of blind recipients stay hidden. */
function copiesOf(drafts: readonly Draft[], recipients: readonly RecipientDecision[]): readonly CopyPlan[] {
  const all: CopyGroup[] = []
  const few: CopyGroup[] = []
  const others = new Map<string, CopyGroup>()
  for (const [index, { outcome, method, steps }] of recipients.entries()) {
    if (outcome !== 'deliver') continue
    const alone = drafts[index]?.facts.recipient.bcc === true && (method === 'smime' || method === 'pgp')
    let group = alone ? undefined : few.find((one) => isSameJson(one.steps, steps))
    const key = alone || group || few.length < FEW_COPIES ? null : canonicalJson(steps)
    if (key !== null) group = others.get(key)
    if (group) {
      group.recipients.push(index)
      continue
    }
    group = { recipients: [index], steps }
    all.push(group)
    if (key !== null) others.set(key, group)
    else if (!alone) few.push(group)
  }
  return all
}

/** Incident, notify and archive fire if any recipient matched, also on reject; blind copies only with something delivered. */
function onceSteps(policy: Policy, drafts: readonly Draft[], plan: Plan): readonly OnceStep[] {
  if (plan.size === 0) return []
  const delivered = drafts.some((draft) => draft.gate.outcome === 'deliver')
  const slots = slotsByAction(plan)
  const steps: OnceStep[] = []
  for (const phase of policy.order) {
    for (const action of actionsOf(phase, 'message')) {
      const own = slots.get(action)
      if (own && action.once && (action.always || delivered)) steps.push(...action.once(own))
    }
  }
  return steps
}
