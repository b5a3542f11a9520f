import type { Desk } from './desk.ts'
import { button, h, icon, put } from './elements.ts'
import { loadProgress, type Progress, type Submitted } from './server.ts'

const FINAL = new Set(['delivered', 'held', 'quarantined', 'rejected', 'failed', 'dropped', 'bounced', 'expired'])
const LOOK = 700
const AT_MOST = 90

/** After sending: what became of the mail, a line for each recipient, until all is settled. */
export function trackDelivery(place: HTMLElement, desk: Desk, result: Submitted): void {
  const words = desk.words()
  const list = h('ul', {})
  const card = h(
    'div',
    { class: 'delivery', role: 'status' },
    h(
      'div',
      { class: 'delivery-head' },
      icon('check'),
      h('strong', {}, words.sent),
      button({ icon: 'close', label: words.remove, text: false, class: 'quiet' }, () => card.remove()),
    ),
    list,
  )
  place.replaceChildren(card)
  const first = result.recipients.map(({ address, reply }) => ({
    address,
    state: /^2/.test(reply) ? 'queued' : 'rejected',
    detail: reply,
    method: null,
  }))
  draw(first)
  const { id } = result
  if (id !== null) void look(id)

  async function look(id: string): Promise<void> {
    for (let times = 0; times < AT_MOST && card.isConnected; times++) {
      const { recipients } = await loadProgress(id).catch((): Progress => ({ recipients: [] }))
      if (recipients.length > 0) draw(recipients)
      if (recipients.length > 0 && recipients.every(({ state }) => FINAL.has(state))) return
      await new Promise((resolve) => setTimeout(resolve, LOOK))
    }
  }

  function draw(recipients: Progress['recipients']): void {
    put(
      list,
      recipients
        .slice(0, 12)
        .map(({ address, state, method, detail }) =>
          h(
            'li',
            { class: FINAL.has(state) ? state : 'waiting', title: detail },
            h('bdi', {}, desk.nameOf(address)),
            h('span', { class: 'quiet-text' }, [stateWords(state), methodWords(method)].filter(Boolean).join(' · ')),
            state === 'delivered'
              ? button({ label: words.openMailbox, class: 'link' }, () => desk.openMailbox(address))
              : null,
          ),
        ),
      recipients.length > 12 ? h('li', {}, `+ ${recipients.length - 12}`) : null,
    )
  }

  function stateWords(state: string): string {
    if (state === 'delivered') return words.delivered
    if (state === 'held' || state === 'quarantined') return words.held
    return FINAL.has(state) ? words.refused : words.waiting
  }

  function methodWords(method: string | null): string {
    const known: Readonly<Record<string, string>> = {
      smime: words.smime,
      pgp: words.pgp,
      pdf: words.pdf,
      portal: words.portal,
      tls: words.tls,
    }
    return method === null ? '' : (known[method] ?? '')
  }
}
