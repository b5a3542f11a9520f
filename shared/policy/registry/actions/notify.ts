/** Telling people and systems, and what is written down. */
import { choice, duration, object, oneOrMore, refine, text } from '../../parse/shape.ts'
import { byCode } from '../../text/canonical.ts'
import { type AnyAction, action } from '../action.ts'
import { earliest, strongest, unite } from '../joins.ts'
import { comparableAddress } from '../types.ts'
import { ADDRESS } from './copy.ts'

const NAME = /^[\w.-]{1,100}$/
const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
const LEVELS = ['standard', 'full'] as const

/** An address, or the sender or recipient of the mail at hand. */
const whom = refine(text({ max: 320, expected: 'an address, {sender} or {recipient}' }), (value, node, env) => {
  if (value === '{sender}' || value === '{recipient}') return value
  if (ADDRESS.test(value)) return comparableAddress(value)
  env.findings.add('wrong-value', node.at, { found: value, expected: 'an address, {sender} or {recipient}' })
  return undefined
})

const notify = action<{ readonly to: readonly string[]; readonly template: string }, readonly string[]>({
  name: 'notify',
  phase: 'notify',
  scope: 'message',
  restrictive: false,
  always: true,
  doc: { de: 'eine Nachricht nach Vorlage senden', en: 'send a message made from a template' },
  merge: { de: 'alle Adressen je Vorlage', en: 'all addresses of a template' },
  params: object(
    { to: oneOrMore(whom), template: text({ max: 100, pattern: NAME, expected: 'the name of a template' }) },
    {},
  ),
  contribute({ to, template }, scene) {
    const concrete = to.map((one) =>
      one === '{sender}' ? scene.input.sender.address : one === '{recipient}' ? scene.recipient.address : one,
    )
    const known = concrete.filter((one) => one !== '')
    return known.length === 0 ? [] : [{ slot: template, value: unite(known, []) }]
  },
  fixed: ({ to }) => !to.some((one) => one.startsWith('{')),
  join: unite,
  once: (slots) => slots.map(({ slot, value, rules }) => ({ do: 'notify', to: value, template: slot, rules })),
})

type Severity = (typeof SEVERITIES)[number]

interface IncidentParams {
  readonly webhook: string
  readonly category: string
  readonly severity?: Severity
  readonly text?: string
  readonly reportWithin?: number
}

interface Incident {
  readonly severity: Severity
  readonly texts: readonly string[]
  readonly reportWithin: number | undefined
}

const incident = action<IncidentParams, Incident>({
  name: 'incident',
  phase: 'notify',
  scope: 'message',
  restrictive: false,
  always: true,
  notIn: ['user'],
  doc: {
    de: 'einen Vorfall an einen benannten Webhook melden; reportWithin ist die Meldefrist (NIS2: 24h)',
    en: 'report an incident to a named webhook; reportWithin is the time to report it onward (NIS2: 24h)',
  },
  merge: {
    de: 'ein Vorfall je Webhook und Art: höchste Schwere, früheste Frist, alle Texte',
    en: 'one incident per webhook and category: the highest severity, the earliest deadline, all texts',
  },
  params: object(
    {
      webhook: text({ max: 100, pattern: NAME, expected: 'the name of a webhook' }),
      category: text({ max: 100, pattern: NAME, expected: 'a category' }),
    },
    {
      severity: choice(SEVERITIES),
      text: text({ max: 500, pattern: /^[^\r\n]+$/, expected: 'one line of text' }),
      reportWithin: duration,
    },
  ),
  contribute: ({ webhook, category, severity, text: words, reportWithin }) => [
    {
      slot: `${webhook} ${category}`,
      value: { severity: severity ?? 'medium', texts: words === undefined ? [] : [words], reportWithin },
    },
  ],
  join: (a, b) => ({
    severity: strongest(SEVERITIES, a.severity, b.severity),
    texts: unite(a.texts, b.texts),
    reportWithin: earliest(a.reportWithin, b.reportWithin),
  }),
  once: (slots) =>
    [...slots]
      .sort((a, b) => byCode(a.slot, b.slot))
      .map(({ slot, value, rules }) => {
        const [webhook, category] = slot.split(' ') as [string, string]
        return {
          do: 'incident',
          webhook,
          category,
          severity: value.severity,
          ...(value.texts.length > 0 ? { text: value.texts.join('; ') } : {}),
          ...(value.reportWithin === undefined ? {} : { reportWithin: value.reportWithin }),
          rules,
        }
      }),
})

const receipt = action<Readonly<Record<string, never>>, true>({
  name: 'receipt',
  phase: 'notify',
  scope: 'recipient',
  restrictive: false,
  doc: {
    de: 'dem Absender eine Quittung senden, wie die Mail geschützt wurde',
    en: 'send the sender a receipt of how the mail was protected',
  },
  merge: { de: 'einmal', en: 'once' },
  params: object({}, {}),
  contribute: () => [{ slot: '', value: true }],
  fixed: () => true,
  join: () => true,
  steps: (slots) => (slots.length === 0 ? [] : [{ do: 'receipt' }]),
})

const audit = action<{ readonly level: (typeof LEVELS)[number] }, (typeof LEVELS)[number]>({
  name: 'audit',
  phase: 'audit',
  scope: 'recipient',
  restrictive: false,
  doc: { de: 'wie ausführlich protokolliert wird', en: 'how much is recorded' },
  merge: { de: 'das Ausführlichste', en: 'the fullest' },
  params: object({ level: choice(LEVELS) }, {}),
  contribute: ({ level }) => [{ slot: '', value: level }],
  fixed: () => true,
  join: (a, b) => strongest(LEVELS, a, b),
  steps: (slots) => slots.map(({ value }) => ({ do: 'audit', level: value })),
})

export const notifying: readonly AnyAction[] = [notify, incident, receipt, audit]
