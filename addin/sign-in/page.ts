/** The window that signs in (`sign-in.html`): on its way to the provider, and on its way back. */
import { fetchConfig } from './config.ts'
import { discover } from './provider.ts'
import { type Answer, carrierOf, PAGE, type Question, readAnswer, readQuestion } from './question.ts'

interface OfficeInDialog {
  onReady(): Promise<unknown>
  readonly context: { readonly ui: { messageParent(message: string): void } }
}

const answer = readAnswer(location.search)
const question = readQuestion(location.hash)
if (answer) {
  // The code has no place in the history.
  history.replaceState?.(null, '', location.pathname)
  void hand(answer)
} else if (question) {
  go(question).catch(() => hand({ state: question.state, error: 'unreachable' }))
} else say('closed')

/** To the provider: whose address comes from our own server, never from this page's. */
async function go({ domain, hint, state, nonce, challenge, again }: Question): Promise<void> {
  const fetching = (url: string, init?: RequestInit) => fetch(url, init)
  const base = new URL('.', location.href).href
  const config = await fetchConfig(domain === '' ? null : `@${domain}`, { fetch: fetching, base })
  if (!config || config.mode === 'demo') throw new TypeError('nobody signs in here')
  const { clientId } = config
  const entra = config.mode === 'entra'
  const authority = entra ? `${config.authority.replace(/\/(?:v2\.0\/?)?$/, '')}/v2.0` : config.authority
  const { authorization_endpoint } = await discover(authority, fetching)
  const url = new URL(authorization_endpoint)
  const fields = {
    response_type: 'code',
    response_mode: 'query',
    client_id: clientId,
    redirect_uri: `${base}${PAGE}`,
    scope: entra ? `openid offline_access ${config.scope}` : config.scope,
    state,
    nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(hint === '' ? {} : { login_hint: hint }),
    ...(again ? { prompt: 'login' } : {}),
    ...(!entra && config.resource !== undefined ? { resource: config.resource } : {}),
  }
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
  location.replace(url)
}

async function hand(given: Answer): Promise<void> {
  const text = JSON.stringify(given)
  if (carrierOf(given.state) === 'office') {
    const office = await loadOffice()
    office.context.ui.messageParent(text)
    return
  }
  const opener = window.opener as Window | null
  opener?.postMessage(text, location.origin)
  say(opener ? 'done' : 'closed')
}

/** Only Office's own windows need its library, and only to answer. */
function loadOffice(): Promise<OfficeInDialog> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script')
    script.src = document.querySelector<HTMLLinkElement>('link[data-office]')!.href
    script.onerror = reject
    script.onload = async () => {
      const { Office } = globalThis as unknown as { Office: OfficeInDialog }
      await Office.onReady()
      resolve(Office)
    }
    document.head.append(script)
  })
}

function say(what: 'done' | 'closed'): void {
  for (const one of document.querySelectorAll<HTMLElement>('[data-say]')) one.hidden = one.dataset.say !== what
}
