/** What the compose screen knows, and how that changes: pure, so that every order of answers can be tested. */
import type { Verdict, Vocabulary } from '../../../shared/contract/index.ts'
import type { Trouble } from '../api/trouble.ts'
import { factsKey, type SeenMail, type Written } from '../host/mail.ts'
import { type Choice, choiceOf, NO_CHOICE } from './choice.ts'

export interface Shown {
  readonly verdict: Verdict
  readonly source: 'service' | 'offline'
  /** Number of the question it answers. */
  readonly question: number
}

export interface ComposeState {
  /** null: not read yet. */
  readonly mail: SeenMail | null
  readonly vocabulary: Vocabulary | null
  /** The vocabulary is of an earlier day, from the time without a connection. */
  readonly kept: boolean
  readonly choice: Choice
  /** The sender chose something here; what other clients wrote on the draft no longer counts. */
  readonly touched: boolean
  /** Class of the thread. */
  readonly inherited: string | null
  /** Addresses the service did not accept. */
  readonly refused: ReadonlySet<string>
  /** Number of the last question; 0 for none. */
  readonly asked: number
  readonly shown: Shown | null
  /** Why the last question has no answer of the service. */
  readonly trouble: Trouble | null
  /** Why the words of the policy cannot be had. */
  readonly wordless: Trouble | null
  /** The answer takes longer than a person likes to wait without a word. */
  readonly slow: boolean
  readonly stamp: StampState
}

export type StampState =
  | { readonly kind: 'none' }
  | { readonly kind: 'writing' }
  /** `signed`: with the verdict of the service. */
  | { readonly kind: 'stamped'; readonly signed: boolean }
  | { readonly kind: 'failed'; readonly why: Exclude<Written, 'stamped'> | 'unreadable' }

export const START: ComposeState = {
  mail: null,
  vocabulary: null,
  kept: false,
  choice: NO_CHOICE,
  touched: false,
  inherited: null,
  refused: new Set(),
  asked: 0,
  shown: null,
  trouble: null,
  wordless: null,
  slow: false,
  stamp: { kind: 'none' },
}

export type Happening =
  | { readonly type: 'mail'; readonly mail: SeenMail }
  | { readonly type: 'vocabulary'; readonly vocabulary: Vocabulary; readonly kept: boolean }
  | { readonly type: 'chosen'; readonly change: Partial<Choice> }
  | { readonly type: 'asked'; readonly question: number }
  | { readonly type: 'slow'; readonly question: number }
  | ({ readonly type: 'answered' } & Shown)
  | { readonly type: 'trouble'; readonly question: number; readonly trouble: Trouble }
  | { readonly type: 'wordless'; readonly trouble: Trouble }
  | { readonly type: 'refused'; readonly addresses: readonly string[] }
  | { readonly type: 'nobody' }
  | { readonly type: 'stamp'; readonly stamp: StampState }

export function reduce(state: ComposeState, happening: Happening): ComposeState {
  switch (happening.type) {
    case 'mail':
      return seen(state, happening.mail)
    case 'vocabulary':
      return {
        ...state,
        vocabulary: happening.vocabulary,
        kept: happening.kept,
        wordless: happening.kept ? state.wordless : null,
      }
    case 'wordless':
      return { ...state, wordless: happening.trouble }
    case 'chosen':
      return { ...state, choice: { ...state.choice, ...happening.change }, touched: true, stamp: { kind: 'none' } }
    case 'asked':
      return { ...state, asked: happening.question, slow: false }
    case 'slow':
      return happening.question === state.asked && isWaiting(state) ? { ...state, slow: true } : state
    case 'answered': {
      const { type: _type, ...shown } = happening
      return isOlder(state, shown) ? state : { ...state, shown, ...settled(state, shown) }
    }
    case 'trouble':
      // A question that nobody waits for any more has no trouble.
      return happening.question === state.asked ? { ...state, trouble: happening.trouble, slow: false } : state
    case 'refused':
      return { ...state, refused: new Set([...state.refused, ...happening.addresses]) }
    case 'nobody':
      return { ...state, asked: 0, shown: null, trouble: null, slow: false }
    case 'stamp':
      return { ...state, stamp: happening.stamp }
  }
}

/** Neither an answer to an earlier question nor the kept policy's to one the service has answered. */
function isOlder({ shown }: ComposeState, { question, source }: Shown): boolean {
  if (!shown) return false
  return (
    question < shown.question || (question === shown.question && shown.source === 'service' && source === 'offline')
  )
}

/** The service's answer to the last question ends its trouble; the kept policy's does not. */
const settled = (state: ComposeState, { question, source }: Shown): Partial<ComposeState> =>
  question === state.asked && source === 'service' ? { trouble: null, slow: false } : {}

/** Whether what is shown is not about the draft as it is now. */
export const isWaiting = ({ asked, shown, trouble }: ComposeState): boolean =>
  asked > 0 && shown?.question !== asked && trouble === null

function seen(state: ComposeState, mail: SeenMail): ComposeState {
  if (state.mail && sameMail(state.mail, mail)) return state
  // What was stamped was stamped for another draft.
  const moved = state.mail !== null && factsKey(state.mail) !== factsKey(mail)
  const next: ComposeState = { ...state, mail, ...(moved ? { stamp: { kind: 'none' } } : {}) }
  const inherited = state.inherited ?? inheritedOf(mail)
  if (state.touched) return { ...next, inherited }
  return { ...next, inherited, choice: foundChoice(mail) }
}

const sameMail = (a: SeenMail, b: SeenMail) =>
  factsKey(a) === factsKey(b) &&
  JSON.stringify([a.headers, a.notebook, a.composeType]) === JSON.stringify([b.headers, b.notebook, b.composeType])

/** What stands on the draft already; headers count before notes. */
function foundChoice({ headers, notebook }: SeenMail): Choice {
  const value = (name: string) => {
    const text = headers?.[name]?.trim() ?? ''
    return text === '' || text.toLowerCase() === 'none' ? null : text
  }
  return choiceOf(
    value('x-secflow-classification') ?? notebook?.classification ?? null,
    value('x-secflow-protection') ?? notebook?.protection ?? '',
  )
}

/** An answer brings along the class of what it answers; the events note it, and where they do not run, the pane does. */
function inheritedOf({ notebook, headers, composeType }: SeenMail): string | null {
  if (notebook?.inherited) return notebook.inherited
  if (composeType !== 'reply' && composeType !== 'forward') return null
  if (notebook?.classification) return null
  const said = headers?.['x-secflow-classification']?.trim() ?? ''
  return said === '' || said.toLowerCase() === 'none' ? null : said
}
