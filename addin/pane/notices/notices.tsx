import type { Notices } from '../compose/outlook.ts'
import { Notice } from '../parts/notice.tsx'
import type { Words } from '../words/words.ts'

interface Part {
  readonly notices: Notices
  /** Attachments become links as it is. */
  readonly linked: boolean
  readonly words: Words
  readonly asLinks: () => void
}

/** Names and files that a sentence names one by one. */
const NAMED = 3
/** Bytes of all attachments together that are called out. */
const HEAVY = 20_000_000

/** What about this mail deserves a second look. */
export function NoticeList({ notices: { unresolved, large, total, cut, unreadable }, linked, words, asLinks }: Part) {
  const { notices } = words
  const files = large.length > 0 ? large.map(({ name, size }) => `${name} (${megabytes(size)})`) : [megabytes(total)]
  const said = unresolved.length > 0 ? notices.unresolved(unresolved.length, list(unresolved)) : null
  return (
    <>
      {unreadable && (
        <Notice intent="warning" title={notices.unreadable.title}>
          {notices.unreadable.text}
        </Notice>
      )}
      {said && (
        <Notice intent="warning" title={said.title}>
          {said.text}
        </Notice>
      )}
      {(large.length > 0 || total >= HEAVY) && (
        <Notice
          intent={linked ? 'info' : 'warning'}
          {...(linked ? {} : { action: { label: notices.asLinks, run: asLinks } })}
        >
          {notices.large(list(files), linked)}
        </Notice>
      )}
      {cut && <Notice intent="info">{notices.cut}</Notice>}
    </>
  )
}

const megabytes = (bytes: number) =>
  `${(bytes / 1_000_000).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} MB`

const list = (names: readonly string[]) =>
  names.length > NAMED ? `${names.slice(0, NAMED).join(', ')} +${names.length - NAMED}` : names.join(', ')
