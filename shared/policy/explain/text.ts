import { showOnce, showStep } from '../show.ts'
import type { Explanation, RecipientExplanation } from './explain.ts'
import type { LeafTrace } from './trace.ts'

const WORDS = {
  de: {
    deliver: 'wird zugestellt',
    defer: 'wird später erneut entschieden',
    hold: 'wird angehalten, bis jemand freigibt',
    quarantine: 'kommt in Quarantäne',
    reject: 'wird abgelehnt',
    by: 'mit',
    clear: 'unverschlüsselt',
    why: 'Warum',
    steps: 'Schritte',
    missing: 'Fehlt',
    rules: 'Regeln, die gelten',
    nearly: 'Beinahe',
    except: 'es fehlt nur',
    change: 'Kleinste Änderung',
    instead: 'statt',
    saw: 'gesehen',
    none: 'keine Regel gilt',
    once: 'Einmal je Nachricht',
    others: 'weitere Regeln gelten nicht',
    true: 'ja',
    false: 'nein',
    unknown: 'unbekannt',
    simulated: 'nur simuliert',
  },
  en: {
    deliver: 'is delivered',
    defer: 'is decided again later',
    hold: 'is held until somebody releases it',
    quarantine: 'goes to quarantine',
    reject: 'is refused',
    by: 'by',
    clear: 'unencrypted',
    why: 'Why',
    steps: 'Steps',
    missing: 'Missing',
    rules: 'Rules that apply',
    nearly: 'Nearly',
    except: 'only this does not hold',
    change: 'Smallest change',
    instead: 'instead of',
    saw: 'saw',
    none: 'no rule applies',
    once: 'Once per message',
    others: 'other rules do not apply',
    true: 'yes',
    false: 'no',
    unknown: 'unknown',
    simulated: 'simulated only',
  },
} as const

/** An explanation for people, one block per recipient, lines below 200 characters where the policy's own texts allow. */
export function explainText(explanation: Explanation, language: 'de' | 'en'): string {
  const words = WORDS[language]
  const blocks = explanation.recipients.map((recipient) => block(recipient, language).join('\n'))
  const { once } = explanation.decision
  if (once.length > 0) blocks.push([`${words.once}:`, ...once.map((step) => `  ${showOnce(step)}`)].join('\n'))
  return `${blocks.join('\n\n')}\n`
}

function block(recipient: RecipientExplanation, language: 'de' | 'en'): string[] {
  const words = WORDS[language]
  const method = recipient.method === null ? '' : ` (${words.by} ${recipient.method})`
  const lines = [`${recipient.address}: ${words[recipient.outcome]}${method}`]
  if (recipient.text !== undefined) lines.push(`  "${recipient.text}"`)
  if (recipient.steps.length > 0) lines.push(`  ${words.steps}: ${recipient.steps.map(showStep).join(' -> ')}`)
  if (recipient.reasons.length === 0) lines.push(`  ${words.why}: ${words.none}`)
  for (const reason of recipient.reasons)
    lines.push(`  ${words.why}: ${reason.text[language]} [${reason.rule}, ${reason.layer}]`)
  for (const missing of recipient.missing)
    lines.push(`  ${words.missing}: ${missing.text[language]} [${missing.field}]`)
  if (recipient.fired.length > 0) lines.push(`  ${words.rules}:`)
  for (const rule of recipient.fired) {
    const mode = rule.mode === 'simulate' ? `, ${words.simulated}` : ''
    lines.push(`    ${rule.rule} (${rule.branch ?? words.unknown}${mode}): ${rule.actions.join(', ')}`)
    lines.push(...table(rule.leaves, language))
  }
  for (const rule of recipient.nearly) {
    const { field, test, seen } = rule.failed
    lines.push(`  ${words.nearly}: ${rule.rule}, ${words.except}: ${field} ${test} (${words.saw}: ${seen})`)
  }
  if (recipient.flip) {
    const { field, from, to, outcome, method: by } = recipient.flip
    const how = by === null ? words.clear : `${words.by} ${by}`
    const verdict = outcome === 'deliver' ? `${words.deliver} (${how})` : words[outcome]
    lines.push(`  ${words.change}: ${field} ${to} ${words.instead} ${from}: ${verdict}`)
  }
  if (recipient.others > 0) lines.push(`  ${recipient.others} ${words.others}`)
  return lines
}

/** Leaves in columns. */
function table(leaves: readonly LeafTrace[], language: 'de' | 'en'): string[] {
  const words = WORDS[language]
  const left = leaves.map((leaf) => `${leaf.field} ${leaf.test}`)
  const width = Math.min(70, Math.max(0, ...left.map((text) => text.length)))
  return leaves.map(
    (leaf, i) => `      ${words[leaf.value].padEnd(10)} ${left[i]!.padEnd(width)}  ${words.saw}: ${leaf.seen}`,
  )
}
