import type { ClientProfile } from '../profiles/profile.ts'
import type { Draft, HostItem } from './item.ts'

/** What the host gives back for a call; a number is the code of an error, whose text Office.js has. */
export type Answer = { readonly data?: unknown; readonly extra?: Readonly<Record<string, unknown>> } | number

/** What a call may touch. */
export interface Scene {
  readonly profile: ClientProfile
  readonly item: HostItem
  /** Settings of the add-in in the mailbox: they stay when the item goes. */
  readonly roaming: Map<string, string>
  close(): void
}

export type Parameters = Readonly<Record<string, unknown>>
export type Call = (given: Parameters, scene: Scene) => Answer
/** Calls of a family by the number Office.js has for each. */
export type Calls = Readonly<Record<number, Call>>

export const CODES = {
  attachmentNotFound: 9006,
  settingsTooLarge: 9019,
  duplicateKey: 9023,
  noSuchNotification: 9024,
  tooManyNotifications: 9025,
  notSupported: 9002,
  internal: 9042,
  noSuchKey: 9050,
  sessionTooLarge: 9051,
} as const

/** A call that needs a mail that is written. */
export function onDraft(
  call: (given: Parameters, draft: Draft, scene: Scene & { item: { kind: 'compose' } }) => Answer,
): Call {
  return (given, scene) => {
    const { item } = scene
    if (item.kind !== 'compose') return CODES.notSupported
    return call(given, item.draft, { ...scene, item })
  }
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
