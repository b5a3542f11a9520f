import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { HEADER } from '../../../shared/words/header-names.ts'
import type { Service } from '../api/service.ts'
import { Classification } from '../classification/classification.tsx'
import type { DraftPort } from '../host/draft.ts'
import { NoticeList } from '../notices/notices.tsx'
import type { Offline } from '../offline/offline.ts'
import { fetchLate, late } from '../parts/late.tsx'
import { Spinner } from '../parts/spinner.tsx'
import { createStore } from '../parts/store.ts'
import { TroubleNotice } from '../parts/trouble.tsx'
import { Preview } from '../preview/preview.tsx'
import { Protection } from '../protection/protection.tsx'
import { Stamp } from '../stamp/stamp.tsx'
import type { Words } from '../words/words.ts'
import { askable, type Choice, lowersClass, numbersOf, personKey, protectionOf, WISHES_MAX } from './choice.ts'
import { goTo, lackingIn } from './lacking.ts'
import { type ComposeState, isWaiting, reduce, START } from './model.ts'
import { optionsOf } from './options.ts'
import { groupsOf, noticesOf } from './outlook.ts'
import { circumstances, openSession, type Session, wantedOf } from './session.ts'

const Reason = late(() => import('../reason/reason.tsx'))

interface Around {
  readonly draft: DraftPort
  /** Calls when a Smart Alert brought the sender here; returns what ends it. */
  readonly watchAlerts: (opened: () => void) => () => void
  readonly service: Service
  readonly offline: Offline
  readonly words: Words
}

/** The pane while a mail is written. */
export function Compose({ draft, watchAlerts, service, offline, words }: Around) {
  const store = useMemo(() => createStore(reduce, START), [])
  const state = useSyncExternalStore(store.subscribe, store.get)
  const [session, setSession] = useState<Session | null>(null)
  useEffect(() => {
    // After what the screen itself needs.
    const timer = setTimeout(fetchLate, 3000)
    return () => clearTimeout(timer)
  }, [])
  useEffect(() => {
    const opened = openSession({ draft, service, offline, store, whenOnline })
    setSession(opened)
    return () => opened.stop()
  }, [draft, service, offline, store])
  useAlerts(state, watchAlerts)
  if (!state.mail || !session)
    return (
      <main>
        <h1 className="hidden">{words.title}</h1>
        <Spinner label={words.loading} />
      </main>
    )
  return <Screen state={state} mail={state.mail} session={session} domains={offline.domains()} words={words} />
}

/** Who was sent here by a Smart Alert stands at what is missing, as soon as that is known. */
function useAlerts(state: ComposeState, watchAlerts: Around['watchAlerts']): void {
  const [asked, setAsked] = useState(0)
  const [brought, setBrought] = useState(0)
  useEffect(() => watchAlerts(() => setAsked((before) => before + 1)), [watchAlerts])
  const lacking = asked > brought ? lackingIn(state) : null
  useEffect(() => {
    if (lacking === null) return
    goTo(lacking)
    setBrought(asked)
  }, [lacking, asked])
}

function whenOnline(back: () => void): () => void {
  addEventListener('online', back)
  return () => removeEventListener('online', back)
}

interface Screen {
  readonly state: ComposeState
  readonly mail: NonNullable<ComposeState['mail']>
  readonly session: Session
  readonly domains: readonly string[]
  readonly words: Words
}

function Screen({ state, mail, session, domains, words }: Screen) {
  const { vocabulary, choice, shown, refused, inherited } = state
  const groups = useMemo(() => shown && groupsOf(mail, shown.verdict, domains), [mail, shown, domains])
  const notices = useMemo(() => noticesOf(mail, refused, domains), [mail, refused, domains])
  const options = useMemo(
    () => vocabulary && optionsOf(vocabulary, choice, shown, mail.files?.length ?? 0),
    [vocabulary, choice, shown, mail.files],
  )
  const choose = (change: Partial<Choice>) => session.choose(change)
  const trouble = state.trouble ?? state.wordless
  const wanted = useMemo(() => wantedOf(state), [state])
  const numbers = useMemo(
    () => ({
      typed: numbersOf(askable(mail.people ?? [], refused), choice),
      counting: new Set(wanted.recipients.flatMap(({ address, phone }) => (phone ? [personKey(address)] : []))),
      choose: (person: string, phone: string) => session.choose({ phones: { ...choice.phones, [person]: phone } }),
    }),
    [mail, refused, choice, wanted, session],
  )
  const offline = shown?.source === 'offline'
  const linked = shown?.verdict.recipients.some(({ steps }) => steps.some((one) => one.do === 'fileLink')) ?? false
  return (
    <>
      <main>
        <h1 className="hidden">{words.title}</h1>
        {trouble && (
          <TroubleNotice
            trouble={trouble}
            words={words}
            more={offline ? words.offlinePreview : trouble.kind === 'offline' && !shown ? words.offlineNone : ''}
            retry={() => session.retry()}
            signIn={() => void session.signIn()}
          />
        )}
        {vocabulary && (
          <Classification
            labels={vocabulary.labels}
            standard={vocabulary.defaultLabel}
            chosen={choice.classification}
            inherited={inherited}
            inForce={inForceOf(state)}
            words={words}
            choose={(classification) => choose({ classification })}
          />
        )}
        <ReasonIfNeeded state={state} words={words} choose={choose} />
        <div className="stack">
          <NoticeList
            notices={notices}
            linked={linked}
            words={words}
            asLinks={() => choose({ filelink: { expires: null, secondFactor: false } })}
          />
          <Preview
            groups={groups}
            waiting={isWaiting(state)}
            slow={state.slow}
            offline={offline}
            nobody={(mail.people ?? []).length === notices.unresolved.length && !notices.unreadable}
            external={notices.external}
            numbers={numbers}
            words={words}
          />
        </div>
        {options && options.switches.length > 0 && (
          <Protection
            switches={options.switches}
            methods={options.methods}
            choice={choice}
            words={words}
            choose={choose}
          />
        )}
      </main>
      <Stamp stamp={state.stamp} words={words} />
    </>
  )
}

interface Asked {
  readonly state: ComposeState
  readonly words: Words
  readonly choose: (change: Partial<Choice>) => void
}

/** Less than the thread has, or less than the policy asks, wants a reason; both share one. */
function ReasonIfNeeded({ state, words, choose }: Asked) {
  const { choice, vocabulary, inherited } = state
  const lowers = lowersClass(choice, circumstances(state))
  if (!lowers && !choice.plain) return null
  const label = vocabulary?.labels.find(({ id }) => id.toLowerCase() === inherited?.toLowerCase())?.name ?? inherited
  return (
    <Reason
      why={lowers ? words.reason.lower(label ?? '') : words.reason.plain}
      reason={choice.reason}
      over={Math.max(0, HEADER.protection.length + protectionOf(wantedOf(state).wishes).length - WISHES_MAX)}
      words={words}
      choose={choose}
    />
  )
}

/** The class of the last decision, where it is higher than what was asked for. */
function inForceOf(state: ComposeState): string | null {
  const said = state.shown?.verdict.classification
  if (said === undefined || isWaiting(state) || !state.vocabulary) return null
  const asked = wantedOf(state).classification ?? state.vocabulary.defaultLabel
  return asked !== null && said.toLowerCase() !== asked.toLowerCase() ? said : null
}
