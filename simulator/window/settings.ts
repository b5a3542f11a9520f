import type { HostFault } from '../host/calls.ts'
import type { WindowTheme } from '../host/events.ts'
import { clientById } from '../profiles/clients.ts'
import type { ClientProfile } from '../profiles/profile.ts'
import type { Language } from './words.ts'

/** How the window looks and which client it plays; kept in the address, so that a link shows the same. */
export interface Settings {
  readonly profile: ClientProfile
  readonly language: Language
  readonly appearance: 'system' | WindowTheme
  /** SendMode of the manifest that is deployed: whether a mail goes when the add-in does not answer. */
  readonly sendMode: 'softBlock' | 'block'
}

export function readSettings(): Settings {
  const query = new URLSearchParams(location.search)
  const language = query.get('language') ?? navigator.language.slice(0, 2)
  const appearance = query.get('theme')
  return {
    profile: clientById(query.get('client')),
    language: language === 'de' ? 'de' : 'en',
    appearance: appearance === 'light' || appearance === 'dark' ? appearance : 'system',
    sendMode: query.get('send') === 'block' ? 'block' : 'softBlock',
  }
}

export function keepSettings({ profile, language, appearance, sendMode }: Settings): void {
  const query = new URLSearchParams({
    client: profile.id,
    language,
    ...(appearance === 'system' ? {} : { theme: appearance }),
    ...(sendMode === 'block' ? { send: sendMode } : {}),
  })
  history.replaceState(null, '', `?${query}`)
}

export const systemIsDark = () => matchMedia('(prefers-color-scheme: dark)').matches

export const shownTheme = ({ appearance }: Settings): WindowTheme =>
  appearance === 'system' ? (systemIsDark() ? 'dark' : 'light') : appearance

/** Faults of the client that the menu offers, by name. */
export const HOST_FAULTS = {
  headersFail: [152, 'fails'],
  headersSilent: [152, 'silent'],
  recipientsSilent: [15, 'silent'],
} as const satisfies Record<string, readonly [number, HostFault]>

/** Faults of the add-in's server that the menu offers; the page in the frame reads the one that is chosen. */
export const SERVER_FAULTS = ['', 'offline', 'slow', '401', '403', '429', '500'] as const

declare global {
  interface Window {
    secflowServerFault?: string
  }
}
