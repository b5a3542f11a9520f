import type { Notification } from '../host/item.ts'
import { button, h, icon, put } from './elements.ts'
import type { Words } from './words.ts'

/** As Office.js counts kinds of bars: information, progress, error, insight. */
const ERROR = 2

/** The add-in's bars above the mail. */
export function drawBars(
  place: HTMLElement,
  bars: Map<string, Notification>,
  words: Words,
  run: { dismissed(): void; action(command: string): void },
): void {
  put(
    place,
    [...bars.values()].map((bar) =>
      h(
        'div',
        { class: bar.type === ERROR ? 'bar error' : 'bar', role: bar.type === ERROR ? 'alert' : 'status' },
        icon(bar.type === ERROR ? 'warning' : 'shield'),
        h('span', { dir: 'auto' }, bar.message),
        (bar.actions ?? []).map(({ actionText, commandId }) =>
          button({ label: actionText, class: 'link' }, () => run.action(commandId)),
        ),
        button({ icon: 'close', label: words.remove, text: false, class: 'quiet' }, () => {
          bars.delete(bar.key)
          run.dismissed()
        }),
      ),
    ),
  )
}
