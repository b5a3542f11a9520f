import type {
  Draft,
  MessagePage,
  OfflinePolicy,
  Verdict,
  VerdictAnswer,
  Vocabulary,
} from '../../../shared/contract/index.ts'
import type { SignIn } from '../../sign-in/index.ts'
import { call } from './call.ts'
import { type Answer, type Trouble, trouble } from './trouble.ts'

/** What the pane asks the service for. Nothing here rejects. */
export interface Service {
  vocabulary(): Promise<Answer<Vocabulary>>
  evaluate(draft: Draft, signal: AbortSignal): Promise<Answer<Verdict>>
  /** What a verdict in the header of a received mail says, after its signature was verified. */
  verdict(verdict: string, from: string, messageId: string | null): Promise<Answer<VerdictAnswer>>
  /** Receipts of own mail, newest first; `words` stand in subject or recipients. */
  receipts(words: string, cursor: string | null): Promise<Answer<MessagePage>>
  /** The own mail with this Message-ID, where there is one. */
  receiptOf(messageId: string): Promise<Answer<MessagePage>>
  /** The policy for the time without a connection. */
  offlinePolicy(): Promise<Answer<OfflinePolicy>>
  /** Signs in with a window, from a click. null: done. */
  signIn(): Promise<Trouble | null>
}

/** Opens the sign-in on first use; a failed opening is tried again by the next call. */
export function openService(open: () => Promise<SignIn | null>, language: string): Service {
  let opened: Promise<SignIn | null> | null = null
  const signIn = () => {
    opened ??= open().catch((problem: unknown) => {
      opened = null
      throw problem
    })
    return opened
  }

  async function token(how: 'silent' | 'interactive'): Promise<Answer<string>> {
    try {
      const way = await signIn()
      if (!way) return { ok: false, trouble: trouble('not-set-up') }
      return { ok: true, value: await way.token(how) }
    } catch (problem) {
      return { ok: false, trouble: ofSignIn(problem) }
    }
  }

  async function ask<T>(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Answer<T>> {
    const held = await token('silent')
    if (!held.ok) return held
    return call<T>({
      method,
      path: `api/v1/${path}`,
      language,
      token: held.value,
      ...(body === undefined ? {} : { body }),
      ...(signal ? { signal } : {}),
    })
  }

  return {
    vocabulary: () => ask('GET', `vocabulary?language=${language}`),
    evaluate: (draft, signal) => ask('POST', 'evaluate', draft, signal),
    verdict: (verdict, from, messageId) =>
      ask('POST', 'verdicts', { verdict, from, ...(messageId === null ? {} : { messageId }) }),
    receipts: (words, cursor) =>
      ask('GET', `messages?query=${encodeURIComponent(words)}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`),
    receiptOf: (messageId) => ask('GET', `messages?messageId=${encodeURIComponent(messageId)}`),
    offlinePolicy: () => ask('GET', 'policies/offline'),
    async signIn() {
      const held = await token('interactive')
      return held.ok ? null : held.trouble
    },
  }
}

/** Codes of `SignInError`. Its class is not asked for: the module of a provider may come twice. */
function ofSignIn(problem: unknown): Trouble {
  const { code } = (problem ?? {}) as { readonly code?: unknown }
  if (code === 'unreachable') return trouble('offline', { again: 10_000 })
  if (code === 'refused' || code === 'forged') return trouble('forbidden', { code })
  return trouble('signed-out', { code: typeof code === 'string' ? code : null })
}
