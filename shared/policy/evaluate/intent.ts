/** The sender's wish: more protection always, less only where every rule behind it is overridable and a reason is given. */
import type { Method, Missing, Protection, Reason } from '../../domain/index.ts'
import type { Facts } from '../facts.ts'
import type { FileLink } from '../registry/actions/attach.ts'
import { END_TO_END, type Protect } from '../registry/actions/protect.ts'
import { actions } from '../registry/actions.ts'
import { single } from '../registry/joins.ts'
import { comparableAddress } from '../registry/types.ts'
import { contribute, type PlanSlot } from './plan.ts'
import { missing, notAccepted } from './texts.ts'

export interface Wish {
  /** Methods the sender prefers, first one first. */
  readonly prefer: readonly Method[]
  /** Number for a password or a second factor, by the sender. */
  readonly sms: string | undefined
  readonly reasons: readonly Reason[]
  readonly missing: readonly Missing[]
}

/** Below every layer: a rule's single value always stands before a wish. */
const RANK = 99
const BY = [{ id: 'intent', overridable: true }]
const METHOD_TOKENS: readonly Method[] = ['smime', 'pgp', 'pdf', 'portal']
const LESS = ['protect', 'sign', 'fileLink']

const NO_WISH: Wish = { prefer: [], sms: undefined, reasons: [], missing: [] }

/** Joins the wish into the plan (which it changes) and tells what was made of it. */
export function applyIntent(plan: Map<string, PlanSlot>, facts: Facts): Wish {
  const { intent } = facts.input
  const { asked = [] } = facts.recipient
  const { phoneGiven } = facts.recipient
  if (intent.protection.length === 0 && asked.length === 0)
    return phoneGiven === undefined ? NO_WISH : { ...NO_WISH, sms: phoneGiven }
  const reasons: Reason[] = []
  const lacking: Missing[] = []
  // What one recipient's address says only adds: a waiver in it does not count.
  const wishes = [...asked.filter(({ token }) => token !== 'plain'), ...intent.protection]
  const tokens = new Map(wishes.map((wish) => [wish.token, wish] as const))
  const wanted = wishes.flatMap(({ token }) => METHOD_TOKENS.filter((method) => method === token))
  const encrypt = tokens.has('encrypt') || wanted.length > 0
  const plainWish = tokens.get('plain')
  const tightenOnly =
    intent.tightenOnly?.some((address) => comparableAddress(address) === comparableAddress(facts.recipient.address)) ??
    false

  if (plainWish && !encrypt && !tightenOnly) loosen(plan, plainWish, intent.reason, reasons, lacking)
  const required = plan.has('protect')
  if (tokens.has('encrypt') || (encrypt && !wouldEmpty(plan))) {
    add(plan, 'protect', requirement())
    reasons.push(reason('intent:encrypt', 'Der Absender verlangt Verschlüsselung', 'The sender asks for encryption'))
  }
  if (tokens.has('sign') && !plan.has('sign')) {
    add(plan, 'sign', { with: single('smime', RANK), certificate: undefined })
    reasons.push(reason('intent:sign', 'Der Absender verlangt eine Signatur', 'The sender asks for a signature'))
  }
  const link = tokens.get('filelink')
  if (link) wishLink(plan, link, facts, reasons, lacking)
  if (tokens.has('receipt')) add(plan, 'receipt', true)

  const accepted = (plan.get('protect')?.value as Protect | undefined)?.anyOf ?? []
  for (const method of wanted) if (!accepted.includes(method)) lacking.push(notAccepted(method))
  // One number for everybody is not one for whom the stamp does not name: a list, and each of its members.
  const common = tightenOnly ? asked : wishes
  const sms = phoneGiven ?? common.find(({ token, sms }) => token === 'pdf' && sms !== undefined)?.sms
  return { prefer: tightenOnly && required ? [] : [...new Set(wanted)], sms, reasons, missing: lacking }
}

/** The accepted set in the order of the sender's wish, then of the tenant. */
export function ranked(
  anyOf: readonly Method[],
  prefer: readonly Method[],
  preference: readonly Method[],
): readonly Method[] {
  const order = prefer.length === 0 ? preference : [...new Set([...prefer, ...preference])]
  return order.filter((method) => anyOf.includes(method))
}

/** A method token asks for end-to-end protection too, but never empties what the rules accept. */
function wouldEmpty(plan: ReadonlyMap<string, PlanSlot>): boolean {
  const accepted = (plan.get('protect')?.value as Protect | undefined)?.anyOf
  return accepted !== undefined && !accepted.some((method) => END_TO_END.includes(method))
}

function requirement(): Protect {
  return { anyOf: END_TO_END, ifNone: 'reject', reply: false }
}

function add(plan: Map<string, PlanSlot>, name: string, value: unknown): void {
  const action = actions.get(name)
  if (action) contribute(plan, { action, slot: '', value, by: BY })
}

function wishLink(
  plan: Map<string, PlanSlot>,
  wish: Protection,
  facts: Facts,
  reasons: Reason[],
  lacking: Missing[],
): void {
  const files = facts.input.attachments
  if (files === undefined) {
    lacking.push(missing('attachments'))
    return
  }
  if (files.length === 0) return
  const value: FileLink = {
    attachments: files.map((file) => file.index).sort((a, b) => a - b),
    access: wish.secondFactor ? 'portal-2fa' : 'link',
    expires: wish.expires,
    receipt: false,
  }
  add(plan, 'fileLink', value)
  reasons.push(
    reason(
      'intent:filelink',
      'Der Absender verlangt Links statt Anhängen',
      'The sender asks for links in place of attachments',
    ),
  )
}

function loosen(
  plan: Map<string, PlanSlot>,
  wish: Protection,
  commonReason: string | undefined,
  reasons: Reason[],
  lacking: Missing[],
): void {
  const words = (wish.reason ?? commonReason ?? '').trim()
  const slots = LESS.filter((name) => plan.has(name))
  if (slots.length === 0) return
  if (words === '') {
    lacking.push(missing('reason'))
    return
  }
  const free = slots.filter((name) => plan.get(name)?.by.every((one) => one.overridable))
  for (const name of free) plan.delete(name)
  if (free.length > 0) {
    const text = { de: `Der Absender verzichtet auf Schutz: ${words}`, en: `The sender waives protection: ${words}` }
    reasons.push({ rule: 'intent:plain', layer: 'intent', text })
  }
  if (free.length < slots.length) lacking.push(missing('plain'))
}

function reason(rule: string, de: string, en: string): Reason {
  return { rule, layer: 'intent', text: { de, en } }
}
