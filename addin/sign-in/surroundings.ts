import { SignInError } from './error.ts'

/** What of the page a sign-in uses. */
export interface Surroundings {
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  /** Epoch ms. */
  readonly now: () => number
  /** Of this page: `https://host`. */
  readonly origin: string
  /** Where this page and that of the window are: `https://host/addin/`. */
  readonly base: string
  /** Office.context.ui, where there is one with dialogs. */
  readonly dialogs: OfficeDialogs | null
  /** Whether Outlook signs in by itself (requirement set NestedAppAuth 1.1). */
  readonly nested: boolean
  /** window.open, and what windows say to this one. */
  readonly open: (url: string, features: string) => OpenedWindow | null
  readonly listen: (hear: (message: { origin: string; source: unknown; data: unknown }) => void) => () => void
}

export interface OpenedWindow {
  readonly closed: boolean
  close(): void
}

/** The part of Office's dialog API that is used. */
export interface OfficeDialogs {
  displayDialogAsync(
    url: string,
    options: { height: number; width: number; promptBeforeOpen: boolean },
    opened: (result: { status: string; error?: { code: number }; value: OfficeDialog }) => void,
  ): void
}

export interface OfficeDialog {
  addEventHandler(type: string, hear: (event: { message?: string; origin?: string; error?: number }) => void): void
  close(): void
}

interface OfficeGlobal {
  readonly context?: {
    readonly ui?: Partial<OfficeDialogs>
    readonly requirements?: { isSetSupported(set: string, version: string): boolean }
  }
}

/** Those of the page this runs in. */
export function surroundings(): Surroundings {
  const { Office } = globalThis as { Office?: OfficeGlobal }
  const ui = Office?.context?.ui
  return {
    fetch: (url, init) => fetch(url, init),
    now: () => Date.now(),
    origin: location.origin,
    base: new URL('.', document.baseURI).href,
    dialogs: typeof ui?.displayDialogAsync === 'function' ? (ui as OfficeDialogs) : null,
    nested: Office?.context?.requirements?.isSetSupported('NestedAppAuth', '1.1') ?? false,
    open: (url, features) => window.open(url, '_blank', features),
    listen(hear) {
      window.addEventListener('message', hear)
      return () => window.removeEventListener('message', hear)
    },
  }
}

/** Longest wait for an answer of provider or server. */
const PATIENCE_MS = 10_000

/** A request that ends. Raises `unreachable`. */
export async function request(fetch: Surroundings['fetch'], url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, {
      ...init,
      signal: AbortSignal.timeout(PATIENCE_MS),
      credentials: 'omit',
      cache: 'no-store',
    })
  } catch (error) {
    throw new SignInError('unreachable', '', { cause: error })
  }
}
