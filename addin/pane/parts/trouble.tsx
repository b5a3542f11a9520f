import type { Trouble } from '../api/trouble.ts'
import type { Words } from '../words/words.ts'
import { Notice } from './notice.tsx'

interface Shown {
  readonly trouble: Trouble
  readonly words: Words
  /** Said after the text. */
  readonly more?: string
  readonly retry: () => void
  readonly signIn: () => void
}

/** Why there is no answer, what that means for the mail, and the way on. */
export function TroubleNotice({ trouble: { kind }, words, more, retry, signIn }: Shown) {
  const { title, text } = words.trouble[kind]
  const serious = kind === 'forbidden' || kind === 'signed-out'
  const action =
    kind === 'signed-out'
      ? { label: words.signIn, run: signIn }
      : kind === 'forbidden' || kind === 'not-set-up'
        ? undefined
        : { label: words.retry, run: retry }
  return (
    <Notice intent={serious ? 'warning' : 'info'} title={title} {...(action ? { action } : {})}>
      {text} {more}
    </Notice>
  )
}
