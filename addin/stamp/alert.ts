import type { AppliedVerdict } from './stamp-draft.ts'
import { type AlertLanguage, alertWords } from './words.ts'

/** What `event.completed` takes on sending (Mailbox 1.12; the last four 1.14). */
export interface SendCompletion {
  readonly allowEvent: boolean
  readonly errorMessage?: string
  readonly cancelLabel?: string
  readonly commandId?: string
  readonly contextData?: string
  readonly sendModeOverride?: 'promptUser'
}

export interface AlertSettings {
  readonly language: AlertLanguage
  /** Whether the client knows what came with Mailbox 1.14: a way into the pane, and asking instead of stopping. */
  readonly canPrompt: boolean
  /** Epoch ms. */
  readonly now: number
}

/** Control of the manifest that opens the pane. */
export const PANE_COMMAND = 'composePane'
/** Outlook cuts what is longer. */
export const MESSAGE_MAX = 500

/** A verdict older than this stops nobody: the policy may have changed, and the gateway decides anyway. Ms. */
const FRESH = 3_600_000
/** Clocks of client and service may differ by this much. Ms. */
const SKEW = 600_000

/**
 * What the client does with the mail. It goes, unless the service said otherwise a short while ago for exactly this draft. A
 * client that cannot ask sends: to stop where only a question was meant would be worse.
 */
export function sendCompletion(verdict: AppliedVerdict | null, settings: AlertSettings): SendCompletion {
  if (!verdict || verdict.claims.outcome === 'send') return { allowEvent: true }
  const age = settings.now - verdict.claims.time
  if (!(age > -SKEW && age < FRESH)) return { allowEvent: true }
  const words = alertWords[settings.language]
  const { outcome } = verdict.claims
  if (!settings.canPrompt) {
    return outcome === 'ask'
      ? { allowEvent: true }
      : { allowEvent: false, errorMessage: message(words.stopWithoutPane, verdict.lines) }
  }
  const way = {
    allowEvent: false,
    errorMessage: message(words[outcome], verdict.lines),
    cancelLabel: words.open,
    commandId: PANE_COMMAND,
    contextData: JSON.stringify({ secflow: outcome }),
  }
  return outcome === 'ask' ? Object.assign({ sendModeOverride: 'promptUser' as const }, way) : way
}

/** The instruction, then as many whole lines as there is room for; the last one cut where not even one fits. */
function message(instruction: string, lines: readonly string[]): string {
  let text = instruction
  for (const line of lines) {
    const one = `\n• ${line.replace(/\s+/g, ' ').trim()}`
    if (text.length + one.length <= MESSAGE_MAX) text += one
    else if (text === instruction) text += `${one.slice(0, MESSAGE_MAX - text.length - 1)}…`
    else break
  }
  return text
}
