import type { TroubleKind } from '../api/trouble.ts'
import type { Fate } from '../compose/outlook.ts'

export type Language = 'de' | 'en'

interface Said {
  readonly title: string
  readonly text: string
}

/** Every text of the pane. What the policy says comes from the service, in the same language. */
export interface Words {
  readonly title: string
  readonly loading: string
  readonly settings: {
    readonly theme: string
    readonly auto: string
    readonly light: string
    readonly dark: string
  }
  readonly retry: string
  readonly signIn: string
  readonly showMore: (count: number) => string
  readonly why: string
  readonly trouble: Readonly<Record<TroubleKind, Said>>
  readonly offlinePreview: string
  readonly offlineNone: string
  readonly slow: string
  readonly noOffice: Said
  readonly noItem: Said
  readonly classification: {
    readonly title: string
    readonly standard: string
    /** Where the policy says nothing of a label: what the place in the order means. */
    readonly meanings: readonly [lowest: string, low: string, high: string, highest: string]
    readonly none: Said
    readonly thread: (label: string) => string
    readonly raised: (label: string) => string
    readonly unknown: (label: string) => string
    readonly level: (rank: number, of: number) => string
  }
  readonly options: {
    readonly title: string
    readonly method: string
    readonly byPolicy: string
    readonly locked: string
    readonly locks: Readonly<Record<'no-files' | 'nothing-to-waive' | 'encrypted', string>>
    readonly policySays: (reason: string) => string
    readonly policy: string
  }
  readonly link: {
    readonly expires: string
    readonly byPolicy: string
    readonly days: (days: number) => string
    readonly secondFactor: string
    readonly secondFactorHint: string
    readonly receipt: string
    readonly receiptHint: string
  }
  readonly reason: {
    readonly title: string
    readonly lower: (label: string) => string
    readonly plain: string
    readonly label: string
    readonly presets: readonly string[]
    readonly own: string
    readonly tooLong: (over: number) => string
    readonly needed: string
  }
  readonly preview: {
    readonly title: string
    readonly waiting: string
    readonly nobody: string
    readonly stale: string
    readonly offline: string
    readonly fates: Readonly<Record<Fate, Said>>
    readonly deferOffline: string
    readonly people: (count: number) => string
    readonly external: string
    readonly fields: Readonly<Record<'to' | 'cc' | 'bcc', string>>
    readonly missing: string
    readonly signed: string
    readonly receipt: string
    readonly links: (files: number, days: number) => string
    readonly linksSecondFactor: string
    readonly password: Readonly<Record<string, string>>
    readonly changed: (groups: number, people: number) => string
  }
  readonly phone: {
    readonly label: (name: string) => string
    readonly hint: string
    readonly wrong: string
    readonly blind: string
    readonly left: string
    readonly needed: (count: number, names: string) => string
  }
  readonly notices: {
    readonly external: (count: number) => string
    readonly unresolved: (count: number, names: string) => Said
    readonly large: (names: string, linked: boolean) => string
    readonly asLinks: string
    readonly cut: string
    readonly unreadable: Said
  }
  readonly stamp: {
    readonly none: string
    readonly writing: string
    readonly signed: string
    readonly unsigned: string
    readonly failed: Readonly<Record<'refused' | 'unread' | 'unsupported' | 'unreadable', string>>
  }
  readonly read: {
    readonly title: string
    readonly tabs: Readonly<Record<'message' | 'receipts', string>>
    readonly checking: string
    readonly states: Readonly<Record<'good' | 'partly' | 'bad' | 'unknown', string>>
    readonly signer: string
    readonly layers: string
    readonly checked: (date: string) => string
    readonly noVerdict: Said
    readonly unsupported: Said
    readonly failed: Said
    readonly unverified: Said
    readonly search: string
    readonly searchHint: string
    readonly find: string
    readonly nothing: string
    readonly found: (count: number) => string
    readonly more: string
    readonly receipt: string
    readonly noReceipt: string
    readonly rules: string
    readonly until: (date: string) => string
    readonly recipientStates: Readonly<Record<string, string>>
    readonly methods: Readonly<Record<string, string>>
  }
}

/** `de-CH` and the like read German, everybody else English. */
export const languageOf = (tag: string | undefined): Language => (/^de\b/i.test(tag ?? '') ? 'de' : 'en')
