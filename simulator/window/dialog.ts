import { h, icon } from './elements.ts'

export interface AlertChoice {
  readonly id: string
  readonly label: string
  readonly primary?: boolean
}

/** A question with its answers as buttons; Escape is the one that does nothing (`stay`). The focus goes back to where it was. */
export function showAlert(
  alert: { readonly title: string; readonly text: string; readonly choices: readonly AlertChoice[] },
  signal?: AbortSignal,
): Promise<string> {
  return new Promise((resolve) => {
    const dialog = h(
      'dialog',
      { class: 'alert', 'aria-labelledby': 'alert-title', 'aria-describedby': 'alert-text' },
      h('div', { class: 'alert-head' }, icon('shield'), h('h2', { id: 'alert-title' }, alert.title)),
      h('p', { id: 'alert-text', dir: 'auto' }, alert.text),
      h(
        'div',
        { class: 'alert-choices' },
        alert.choices.map(({ id, label, primary }) =>
          h(
            'button',
            {
              type: 'button',
              class: primary ? 'primary' : '',
              autofocus: primary === true,
              on: { click: () => end(id) },
            },
            label,
          ),
        ),
      ),
    )
    function end(id: string): void {
      dialog.close()
      dialog.remove()
      resolve(id)
    }
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault()
      end('stay')
    })
    signal?.addEventListener('abort', () => dialog.isConnected && end('stay'))
    document.body.append(dialog)
    dialog.showModal()
  })
}
