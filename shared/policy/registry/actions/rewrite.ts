/** Changes to headers and text, before anything is signed. */
import { choice, object, oneOrMore, refine, text } from '../../parse/shape.ts'
import { byCode, canonicalJson } from '../../text/canonical.ts'
import { type AnyAction, action } from '../action.ts'
import { isConflict, joinSingle, type Single, single, unite } from '../joins.ts'

const HEADER_NAME = /^[!-9;-~]{1,100}$/
/** Headers that carry addresses, structure or signatures: not for rules to forge. */
const KEPT =
  /^(from|sender|to|cc|bcc|reply-to|date|subject|message-id|in-reply-to|references|mime-version|content-.*|received|return-path|dkim-signature|arc-.*|authentication-results|x-secflow-.*)$/

const headerName = refine(text({ max: 100, pattern: HEADER_NAME, expected: 'a header name' }), (value) =>
  value.toLowerCase(),
)

const settable = refine(headerName, (value, node, env) => {
  if (!KEPT.test(value)) return value
  env.findings.add('header-refused', node.at, { name: value })
  return undefined
})

/** Names, also `x-internal-*`; removing the structure of the mail is refused. */
const strippable = refine(headerName, (value, node, env) => {
  const stem = value.replace(/\*$/, '')
  if (!stem.includes('*') && stem.length >= 3 && !(KEPT.test(stem) && !/^(reply-to|received|x-secflow-.*)$/.test(stem)))
    return value
  env.findings.add('header-refused', node.at, { name: value })
  return undefined
})

const stripHeader = action<{ readonly names: readonly string[] }, readonly string[]>({
  name: 'stripHeader',
  phase: 'rewrite',
  scope: 'recipient',
  restrictive: false,
  doc: {
    de: 'Kopfzeilen entfernen; x-internal-* nimmt alle, die so beginnen',
    en: 'remove headers; x-internal-* takes all that begin so',
  },
  merge: { de: 'alle zusammen', en: 'all of them' },
  params: object({ names: oneOrMore(strippable) }, {}),
  contribute: ({ names }) => [{ slot: '', value: unite(names, []) }],
  fixed: () => true,
  join: unite,
  steps([slot], { input }) {
    if (!slot) return []
    const present = Object.keys(input.message.header)
    const names = slot.value.flatMap((name) =>
      name.endsWith('*') ? present.filter((header) => header.startsWith(name.slice(0, -1))) : [name],
    )
    return names.length === 0 ? [] : [{ do: 'stripHeader', names: unite(names, []) }]
  },
})

const setHeader = action<{ readonly name: string; readonly value: string }, Single>({
  name: 'setHeader',
  phase: 'rewrite',
  scope: 'recipient',
  restrictive: false,
  notIn: ['user'],
  doc: { de: 'eine Kopfzeile setzen', en: 'set a header' },
  merge: {
    de: 'verschiedene Kopfzeilen alle; für dieselbe gilt die höhere Ebene',
    en: 'different headers all; for the same one the higher layer stands',
  },
  params: object(
    { name: settable, value: text({ max: 900, pattern: /^[^\r\n]*$/, expected: 'one line of text' }) },
    {},
  ),
  contribute: ({ name, value }, { rank }) => [{ slot: name, value: single(canonicalJson({ name, value }), rank) }],
  fixed: () => true,
  join: joinSingle,
  conflict: isConflict,
  steps: (slots) =>
    slots.map(({ value }) => {
      const { name, value: content } = JSON.parse(value.values[0]!) as { name: string; value: string }
      return { do: 'setHeader', name, value: content }
    }),
})

interface SubjectTags {
  readonly prefix: readonly string[]
  readonly remove: readonly string[]
}

const line = text({ max: 100, pattern: /^[^\r\n]+$/, expected: 'one line of text' })

const tagSubject = action<{ readonly prefix?: string; readonly remove?: readonly string[] }, SubjectTags>({
  name: 'tagSubject',
  phase: 'rewrite',
  scope: 'recipient',
  restrictive: false,
  doc: {
    de: 'dem Betreff etwas voranstellen oder Kennwörter entfernen',
    en: 'put something before the subject or remove tags',
  },
  merge: { de: 'alle zusammen', en: 'all of them' },
  params: object({}, { prefix: line, remove: oneOrMore(line) }),
  contribute: ({ prefix, remove }) => [
    { slot: '', value: { prefix: prefix === undefined ? [] : [prefix], remove: unite(remove ?? [], []) } },
  ],
  fixed: () => true,
  join: (a, b) => ({ prefix: unite(a.prefix, b.prefix), remove: unite(a.remove, b.remove) }),
  steps([slot]) {
    if (!slot) return []
    const { prefix, remove } = slot.value
    if (prefix.length === 0 && remove.length === 0) return []
    return [
      {
        do: 'tagSubject',
        ...(prefix.length > 0 ? { prefix: prefix.join(' ') } : {}),
        ...(remove.length > 0 ? { remove } : {}),
      },
    ]
  },
})

interface DisclaimerParams {
  readonly text: string
  readonly html?: string
  readonly position?: 'top' | 'bottom'
}

/** Text that is signed, sealed, read by a calendar or by a machine is nobody's to add to. */
const UNTOUCHED: readonly string[] = [
  'smime-signed',
  'smime-encrypted',
  'pgp-signed',
  'pgp-encrypted',
  'calendar',
  'report',
]

const disclaimer = action<DisclaimerParams, number>({
  name: 'disclaimer',
  phase: 'rewrite',
  scope: 'recipient',
  restrictive: false,
  doc: {
    de: 'einen Textbaustein anfügen; nie an Signiertes, Verschlüsseltes, Termine und Berichte',
    en: 'add a disclaimer; never to what is signed or encrypted, to meetings and reports',
  },
  merge: { de: 'alle zusammen, höhere Ebenen zuerst', en: 'all of them, higher layers first' },
  params: object({ text: text({ max: 20_000 }) }, { html: text({ max: 50_000 }), position: choice(['top', 'bottom']) }),
  contribute: (params, { rank }) => [{ slot: canonicalJson({ position: 'bottom', ...params }), value: rank }],
  fixed: () => true,
  join: Math.min,
  steps(slots, { input }) {
    if (UNTOUCHED.includes(input.message.content)) return []
    return [...slots]
      .sort((a, b) => a.value - b.value || byCode(a.slot, b.slot))
      .map(({ slot }) => ({
        do: 'disclaimer',
        ...(JSON.parse(slot) as Required<Pick<DisclaimerParams, 'text' | 'position'>>),
      }))
  },
})

const openMail = action<{ readonly deliver: 'opened' | 'original' }, Single>({
  name: 'open',
  phase: 'rewrite',
  scope: 'recipient',
  restrictive: false,
  notIn: ['user'],
  doc: {
    de: 'ob eine fremde Mail entschlüsselt (opened) oder wie empfangen (original) zugestellt wird; geprüft wird sie in jedem Fall',
    en: "whether a stranger's mail is delivered decrypted (opened) or as received (original); it is verified in any case",
  },
  merge: { de: 'die höhere Ebene gilt', en: 'the higher layer stands' },
  params: object({ deliver: choice(['opened', 'original']) }, {}),
  contribute: ({ deliver }, { rank }) => [{ slot: '', value: single(deliver, rank) }],
  fixed: () => true,
  join: joinSingle,
  conflict: isConflict,
  steps([slot], { input }) {
    // Nothing was opened: there is one form.
    if (!slot || !input.message.opened || input.message.opened.verdict === 'plain') return []
    return [{ do: 'open', deliver: slot.value.values[0] === 'original' ? 'original' : 'opened' }]
  },
})

export const rewriting: readonly AnyAction[] = [stripHeader, setHeader, tagSubject, disclaimer, openMail]
