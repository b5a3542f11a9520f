/**
 * What the pane asks of the window that it opens, and what that answers. The window runs `page.ts` on our own origin: it goes to the
 * provider, comes back, and hands the answer over. The verifier never leaves the pane.
 */

/** Stands in the fragment of the window's address: servers do not see it. */
export interface Question {
  /** The user's mail domain; with it the window asks for the configuration itself, so nobody else can say where it goes. */
  readonly domain: string
  readonly hint: string
  readonly state: string
  readonly nonce: string
  readonly challenge: string
  /** Whether the user has to say again who they are. */
  readonly again: boolean
}

/** RFC 6749 4.1.2 and 4.1.2.1, RFC 9207. */
export interface Answer {
  readonly state: string
  readonly code?: string
  readonly error?: string
  readonly iss?: string
}

/** A window of Office answers by Office, one of the browser to its opener: the state, which comes back, says which. */
export type Carrier = 'office' | 'window'

/** Beside the pane. */
export const PAGE = 'sign-in.html'

export const stateFor = (carrier: Carrier, random: string): string => `${carrier}.${random}`
export const carrierOf = (state: string): Carrier => (state.startsWith('office.') ? 'office' : 'window')

export const writeQuestion = ({ again, ...texts }: Question): string =>
  new URLSearchParams({ ...texts, again: again ? '1' : '' }).toString()

export function readQuestion(fragment: string): Question | null {
  const fields = new URLSearchParams(fragment.replace(/^#/, ''))
  const text = (name: string) => fields.get(name) ?? ''
  if (text('state') === '' || text('challenge') === '') return null
  return {
    domain: text('domain'),
    hint: text('hint'),
    state: text('state'),
    nonce: text('nonce'),
    challenge: text('challenge'),
    again: text('again') === '1',
  }
}

/** The answer in the query of the address that the provider sent the window back to; null when there is none. */
export function readAnswer(query: string): Answer | null {
  const fields = new URLSearchParams(query)
  const state = fields.get('state')
  if (state === null) return null
  const [code, error, iss] = ['code', 'error', 'iss'].map((name) => fields.get(name))
  return { state, ...(code ? { code } : {}), ...(error ? { error } : {}), ...(iss ? { iss } : {}) }
}

/** The same out of a message, whoever sent it. */
export function parseAnswer(data: unknown): Answer | null {
  if (typeof data !== 'string' || data.length > 20_000) return null
  try {
    const { state, code, error, iss } = JSON.parse(data) as Partial<Record<keyof Answer, unknown>>
    if (typeof state !== 'string') return null
    return {
      state,
      ...(typeof code === 'string' ? { code } : {}),
      ...(typeof error === 'string' ? { error } : {}),
      ...(typeof iss === 'string' ? { iss } : {}),
    }
  } catch {
    return null
  }
}
