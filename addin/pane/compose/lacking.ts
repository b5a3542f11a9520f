import { lowersClass } from './choice.ts'
import { type ComposeState, isWaiting } from './model.ts'
import { wantsPhone } from './outlook.ts'
import { circumstances } from './session.ts'

/** What the sender can mend here, in the order in which it is asked for: a number, a reason; else the class is what there is to choose. */
export type Lacking = 'phone' | 'reason' | 'class'

/** null while it is not known. */
export function lackingIn(state: ComposeState): Lacking | null {
  const { shown, choice } = state
  if (isWaiting(state) || (!shown && !state.trouble)) return null
  const stopped = shown?.verdict.recipients.filter(({ outcome }) => outcome !== 'deliver')
  if (stopped?.some(({ missing }) => wantsPhone(missing))) return 'phone'
  const asks = choice.plain || lowersClass(choice, circumstances(state))
  return asks && choice.reason.trim() === '' ? 'reason' : 'class'
}

const PLACES: Readonly<Record<Lacking, string>> = {
  phone: '.phone input',
  reason: '.reason select',
  class: '.choices input',
}

/** Of the fields in their order the one to stand at: a telephone that is not there yet, the class that is chosen; else the first. */
export function fieldOf<T extends { readonly value: string; readonly checked?: boolean }>(
  lacking: Lacking,
  fields: readonly T[],
): T | undefined {
  const wanted = fields.find(({ value, checked }) => (lacking === 'phone' ? value.trim() === '' : checked))
  return wanted ?? fields[0]
}

/** Ms between looks for a part that is fetched on first use, and how many there are. */
const AGAIN = 100
const TIMES = 30

/** Brings the sender to it; parts that are not there yet are waited for. Returns what ends the waiting. */
export function goTo(lacking: Lacking): () => void {
  let times = 0
  const look = () => {
    const place = fieldOf(lacking, [...document.querySelectorAll<HTMLInputElement>(PLACES[lacking])])
    if (place || ++times > TIMES) clearInterval(timer)
    place?.focus()
    place?.scrollIntoView({ block: 'center' })
  }
  const timer = setInterval(look, AGAIN)
  look()
  return () => clearInterval(timer)
}
