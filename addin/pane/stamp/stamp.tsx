import type { StampState } from '../compose/model.ts'
import { Icon } from '../parts/icon.tsx'
import type { Words } from '../words/words.ts'

/** What stands on the message: said as done only after it was read back. */
export function Stamp({ stamp, words: { stamp: words } }: { readonly stamp: StampState; readonly words: Words }) {
  const tone = stamp.kind === 'stamped' ? ' done' : stamp.kind === 'failed' ? ' failed' : ''
  return (
    <footer className={`foot small${tone}`}>
      <Icon name={stamp.kind === 'stamped' ? 'check' : stamp.kind === 'failed' ? 'warning' : 'pen'} />
      <span role="status">
        {stamp.kind === 'failed'
          ? words.failed[stamp.why]
          : stamp.kind === 'stamped'
            ? words[stamp.signed ? 'signed' : 'unsigned']
            : words[stamp.kind]}
      </span>
    </footer>
  )
}
