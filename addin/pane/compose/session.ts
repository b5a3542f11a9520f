import type { Draft, Verdict } from '../../../shared/contract/index.ts'
import type { Protection } from '../../../shared/domain/index.ts'
import { HEADER } from '../../../shared/words/header-names.ts'
import { NONE } from '../../../shared/words/stamp.ts'
import { EMPTY_NOTEBOOK, type Notebook } from '../../stamp/notebook.ts'
import { carries, stampDraft } from '../../stamp/stamp-draft.ts'
import type { Service } from '../api/service.ts'
import { isAway, type Trouble } from '../api/trouble.ts'
import type { DraftPort } from '../host/draft.ts'
import { draftOf, factsKey } from '../host/mail.ts'
import type { Offline } from '../offline/offline.ts'
import type { Store } from '../parts/store.ts'
import {
  type AskedRecipient,
  type Choice,
  type Circumstances,
  lowersClass,
  protectionOf,
  recipientsOf,
  requestOf,
  settledChoice,
  wishesOf,
} from './choice.ts'
import type { ComposeState, Happening } from './model.ts'

/** Ms of quiet before the service is asked, and before a choice is written on the draft. */
const QUIET = 350
const WRITE_QUIET = 120
/** Ms after which waiting is said. */
const SLOW = 1500

export interface Session {
  choose(change: Partial<Choice>): void
  /** Looks at the draft and asks again, now. */
  retry(): void
  signIn(): Promise<void>
  stop(): void
}

interface Around {
  readonly draft: DraftPort
  readonly service: Service
  readonly offline: Offline
  readonly store: Store<ComposeState, Happening>
  /** Calls when the connection is back; returns what ends it. */
  readonly whenOnline: (back: () => void) => () => void
}

/** What is asked for with this choice on this draft. */
export interface Wanted {
  readonly classification: string | null
  readonly wishes: readonly Protection[]
  /** Whom the service is asked about, with the numbers for them. */
  readonly recipients: readonly AskedRecipient[]
}

export function wantedOf(state: ComposeState): Wanted {
  const known = circumstances(state)
  const choice = settledChoice(state.choice, known)
  const wishes = wishesOf(choice, lowersClass(choice, known))
  const recipients = recipientsOf(state.mail?.people ?? [], state.refused, choice, wishes)
  return { classification: choice.classification, wishes, recipients }
}

export function circumstances({ vocabulary, inherited, mail }: ComposeState): Circumstances {
  const labels = vocabulary ? vocabulary.labels.map(({ id }) => id) : (mail?.notebook?.labels ?? [])
  return { labels, inherited }
}

/** Keeps the preview and the headers of one draft up to date. */
export function openSession({ draft, service, offline, store, whenOnline }: Around): Session {
  let question = 0
  let request: AbortController | null = null
  let stopped = false
  /** What the last question was about. */
  let about = ''
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  const later = (name: string, ms: number, work: () => void) => {
    clearTimeout(timers.get(name))
    timers.set(
      name,
      setTimeout(() => !stopped && work(), ms),
    )
  }
  const soon = (name: string, ms: number, work: () => Promise<void>) => later(name, ms, () => void work())

  async function look(): Promise<void> {
    const mail = await draft.read()
    if (stopped) return
    store.send({ type: 'mail', mail })
    if (subject() !== about) soon('ask', question === 0 ? 0 : QUIET, ask)
  }

  /** Everything an answer depends on. */
  function subject(): string {
    const state = store.get()
    return state.mail ? JSON.stringify([factsKey(state.mail), wantedOf(state), [...state.refused]]) : ''
  }

  async function ask(): Promise<void> {
    const state = store.get()
    if (!state.mail) return
    about = subject()
    const { classification, wishes, recipients } = wantedOf(state)
    const body = requestOf(state.mail, classification, wishes, recipients)
    request?.abort()
    const mine = ++question
    if (!body) {
      store.send({ type: 'nobody' })
      if (state.touched) await stamp(null, mine)
      return
    }
    store.send({ type: 'asked', question: mine })
    later('slow', SLOW, () => store.send({ type: 'slow', question: mine }))
    request = new AbortController()
    const answer = await service.evaluate(body, request.signal)
    // A newer question is on its way; its answer is the one to show.
    if (stopped || mine !== question) return
    if (answer.ok) {
      store.send({ type: 'answered', verdict: answer.value, source: 'service', question: mine })
      offline.refresh(body)
      await stamp(answer.value, mine)
      return
    }
    await withoutService(answer.trouble, body, mine)
  }

  async function withoutService(trouble: Trouble, body: Draft, mine: number): Promise<void> {
    const strangers = refusedIn(trouble, body)
    if (strangers.length > 0) {
      store.send({ type: 'refused', addresses: strangers })
      return ask()
    }
    if (isAway(trouble)) {
      const verdict = await offline.decide(body)
      if (stopped || mine !== question) return
      if (verdict) store.send({ type: 'answered', verdict, source: 'offline', question: mine })
    }
    store.send({ type: 'trouble', question: mine, trouble })
    if (trouble.again !== null) soon('ask', trouble.again, ask)
    await stamp(null, mine)
  }

  /** Writes what was chosen, with the verdict where there is one; the draft is read anew, because answers take their time. */
  async function stamp(verdict: Verdict | null, mine: number): Promise<void> {
    const before = store.get()
    if (before.mail === null || (verdict === null && !before.touched)) return
    const mail = await draft.read()
    if (stopped || mine !== question) return
    store.send({ type: 'mail', mail })
    const state = store.get()
    const { classification, wishes, recipients } = wantedOf(state)
    const notebook: Notebook = {
      ...EMPTY_NOTEBOOK,
      classification,
      protection: protectionOf(wishes, recipients),
      labels: circumstances(state).labels,
      inherited: state.inherited,
      verdict: verdict && { stamp: verdict.stamp, bcc: blindIn(state), lines: linesOf(verdict) },
    }
    // The sender chose here and now: what stands on the draft does not count against it.
    const { headers } = stampDraft({ ...draftOf(mail), headers: {}, notebook })
    if (!headers) return
    const signed = headers[HEADER.stamp] !== NONE
    const noted = JSON.stringify(mail.notebook) === JSON.stringify(notebook)
    if (carries(mail.headers, headers) && noted) {
      store.send({ type: 'stamp', stamp: { kind: 'stamped', signed } })
      return
    }
    store.send({ type: 'stamp', stamp: { kind: 'writing' } })
    const written = await draft.write(notebook, headers)
    if (stopped || mine !== question) return
    store.send({
      type: 'stamp',
      stamp: written === 'stamped' ? { kind: 'stamped', signed } : { kind: 'failed', why: written },
    })
  }

  async function learnWords(): Promise<void> {
    const { vocabulary, kept } = store.get()
    if (vocabulary && !kept) return
    const answer = await service.vocabulary()
    if (stopped) return
    if (answer.ok) {
      offline.keepVocabulary(answer.value)
      store.send({ type: 'vocabulary', vocabulary: answer.value, kept: false })
      return
    }
    const known = vocabulary ? null : await offline.vocabulary()
    if (known) store.send({ type: 'vocabulary', vocabulary: known, kept: true })
    store.send({ type: 'wordless', trouble: answer.trouble })
    if (answer.trouble.again !== null) soon('words', answer.trouble.again, learnWords)
  }

  const unwatch = draft.watch(() => void look())
  const cameBack = () => {
    void learnWords()
    void ask()
  }
  const unlisten = whenOnline(cameBack)
  void look()
  void learnWords()

  return {
    choose(change) {
      store.send({ type: 'chosen', change })
      // The wish stands on the draft at once: the sender may press Send before the service has answered.
      const mine = ++question
      store.send({ type: 'asked', question: mine })
      soon('stamp', WRITE_QUIET, () => stamp(null, mine))
      soon('ask', QUIET, ask)
    },
    retry() {
      void look()
      cameBack()
    },
    async signIn() {
      const problem = await service.signIn()
      if (problem) store.send({ type: 'wordless', trouble: problem })
      else cameBack()
    },
    stop() {
      stopped = true
      request?.abort()
      unwatch()
      unlisten()
      for (const timer of timers.values()) clearTimeout(timer)
    },
  }
}

const blindIn = ({ mail }: ComposeState): readonly string[] =>
  (mail?.people ?? []).flatMap(({ field, address }) => (field === 'bcc' && address !== null ? [address] : []))

/** Sentences that the client's own dialog shows. */
const LINES = 20

function linesOf({ recipients }: Verdict): readonly string[] {
  return recipients
    .filter(({ outcome }) => outcome !== 'deliver')
    .slice(0, LINES)
    .map(({ address, text, reasons }) => `${address}: ${text ?? reasons[0]?.text ?? ''}`.slice(0, 300))
}

/** Addresses among the recipients that the service names as no addresses. */
function refusedIn({ kind, pointers }: Trouble, { recipients }: Draft): readonly string[] {
  if (kind !== 'refused') return []
  return pointers.flatMap((pointer) => {
    const index = /\/recipients\/(\d+)(?:\/|$)/.exec(pointer)?.[1]
    const one = index === undefined ? undefined : recipients[Number(index)]
    return one === undefined ? [] : [typeof one === 'string' ? one : one.address]
  })
}
