import { useId } from 'react'
import type { Choice } from '../compose/choice.ts'
import type { Group } from '../compose/outlook.ts'
import { Icon } from '../parts/icon.tsx'
import { late } from '../parts/late.tsx'
import { Spinner } from '../parts/spinner.tsx'
import type { Words } from '../words/words.ts'
import { GroupCard } from './group.tsx'

const Phone = late(() => import('./phone.tsx'))

interface Part {
  readonly groups: readonly Group[] | null
  /** What is shown is not about the draft as it is now. */
  readonly waiting: boolean
  readonly slow: boolean
  readonly offline: boolean
  /** Nobody is asked about: there are no recipients, or none with an address. */
  readonly nobody: boolean
  readonly alone: boolean
  /** Recipients outside of the organisation. */
  readonly external: number
  readonly choice: Choice
  readonly words: Words
  readonly choose: (change: Partial<Choice>) => void
}

/** What will happen to the mail, for each recipient and why. */
export function Preview({ groups, waiting, slow, offline, nobody, alone, external, choice, words, choose }: Part) {
  const title = useId()
  const { preview } = words
  if (!groups && !waiting && !nobody) return null
  const stopped = groups?.reduce((sum, { fate, members }) => (fate === 'reject' ? sum + members.length : sum), 0) ?? 0
  const wantsPhone = groups?.some(({ missing }) => missing.some(({ field }) => field === 'phone')) ?? false
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
          {groups.map((group) => (
            <GroupCard
              key={`${group.fate} ${group.members[0]?.person.address}`}
              group={group}
              stale={waiting}
              offline={offline}
              words={words}
            />
          ))}
        </ul>
      )}
      {(wantsPhone || choice.phone !== '') &&
        (alone ? (
          <Phone phone={choice.phone} words={words} choose={choose} />
        ) : (
          wantsPhone && <p className="soft small">{words.phone.several}</p>
        ))}
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
      </p>
    </section>
  )
}
