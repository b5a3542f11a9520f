import type { OfficeFrame } from '../host/frame.ts'
import { button, h, put } from './elements.ts'
import { TASK_PANE } from './session.ts'
import type { Words } from './words.ts'

/** The drawer at the right. */
export interface PaneDrawer {
  readonly element: HTMLElement
  show(open: () => OfficeFrame): Promise<void>
  hide(): void
  /** Hides it as its button does. */
  close(): void
  readonly open: boolean
}

export function paneDrawer(words: () => Words, closed: () => void): PaneDrawer {
  const place = h('div', { class: 'pane-place' })
  const title = h('h2', {}, 'Secflow')
  const close = button({ icon: 'close', label: words().closePane, text: false, class: 'quiet' }, shut)
  const element = h(
    'aside',
    { class: 'pane', 'aria-label': words().pane, hidden: true },
    h('div', { class: 'pane-head' }, title, close),
    place,
  )
  function shut(): void {
    hide()
    closed()
  }
  function hide(): void {
    element.hidden = true
    put(place)
  }
  return {
    element,
    async show(open) {
      element.hidden = false
      const there = await fetch(TASK_PANE, { method: 'HEAD' }).then(
        ({ ok }) => ok,
        () => false,
      )
      put(place, there ? open().element : h('p', { class: 'empty' }, words().paneNotBuilt))
    },
    hide,
    close: shut,
    get open() {
      return !element.hidden
    },
  }
}
