import { useId } from 'react'
import { type Group, wantsPhone } from '../compose/outlook.ts'
import { Icon } from '../parts/icon.tsx'
import { Spinner } from '../parts/spinner.tsx'
import type { Words } from '../words/words.ts'
import { GroupCard, type Numbers } from './group.tsx'

interface Part {
  readonly groups: readonly Group[] | null
  /** What is shown is not about the draft as it is now. */
  readonly waiting: boolean
  readonly slow: boolean
  readonly offline: boolean
  /** Nobody is asked about: there are no recipients, or none with an address. */
  readonly nobody: boolean
  /** Recipients outside of the organisation. */
  readonly external: number
  readonly numbers: Numbers
  readonly words: Words
}

/** Names that are read out. */
const NAMED = 5

/** What will happen to the mail, for each recipient and why. */
export function Preview({ groups, waiting, slow, offline, nobody, external, numbers, words }: Part) {
  const title = useId()
  const { preview } = words
  if (!groups && !waiting && !nobody) return null
  const stopped = groups?.reduce((sum, { fate, members }) => (fate === 'reject' ? sum + members.length : sum), 0) ?? 0
  const phoneless = (groups ?? []).flatMap(({ missing, members }) =>
    wantsPhone(missing) ? members.map(({ person }) => person.name) : [],
  )
  return (
    <section className="part stack" aria-labelledby={title} aria-busy={waiting}>
      <div className="row">
        <h2 id={title}>{preview.title}</h2>
        {offline && groups && <span className="tag">{preview.offline}</span>}
        {waiting && groups && <Spinner small label={preview.stale} />}
      </div>
      {external > 0 && (
        <p className="row small">
          <Icon name="globe" className="small" />
          {words.notices.external(external)}
        </p>
      )}
      {nobody && <p className="soft">{preview.nobody}</p>}
      {waiting && !groups && <Spinner label={preview.waiting} />}
      {waiting && slow && <p className="soft small">{words.slow}</p>}
      {groups && !nobody && (
        <ul className="stack">
          {groups.map((group, at) => (
            <GroupCard
              // By its fate: a card whose recipients come and go stays, and with it what has the focus in it.
              key={`${group.fate} ${groups.slice(0, at).filter(({ fate }) => fate === group.fate).length}`}
              group={group}
              stale={waiting}
              offline={offline}
              numbers={numbers}
              words={words}
            />
          ))}
        </ul>
      )}
      <p className="hidden" role="alert">
        {stopped > 0 && !waiting ? `${preview.people(stopped)}: ${preview.fates.reject.title}` : ''}
      </p>
      <p className="hidden" role="status">
        {groups && !waiting
          ? preview.changed(
              groups.length,
              groups.reduce((sum, { members }) => sum + members.length, 0),
            )
          : ''}
        {phoneless.length > 0 && !waiting
          ? ` ${words.phone.needed(phoneless.length, phoneless.slice(0, NAMED).join(', ') + (phoneless.length > NAMED ? ' …' : ''))}`
          : ''}
      </p>
    </section>
  )
}
