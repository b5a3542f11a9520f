import type { Vocabulary } from '../../../shared/contract/index.ts'
import { type Choice, METHODS, type Method } from './choice.ts'
import type { Shown } from './model.ts'
import { isEndToEnd } from './outlook.ts'

export const SWITCHES = ['encrypt', 'sign', 'receipt', 'filelink', 'plain'] as const
export type SwitchToken = (typeof SWITCHES)[number]

/** Why an option cannot be changed. `policy` brings the policy's own words; the others are said by the pane. */
export type Lock =
  | { readonly why: 'policy'; readonly text: string }
  | { readonly why: 'no-files' | 'nothing-to-waive' | 'encrypted' }

export interface Option {
  readonly token: SwitchToken
  readonly name: string
  readonly description: string
  readonly on: boolean
  readonly lock: Lock | null
  /** Asked for, and the policy says no. */
  readonly denied: string | null
}

export interface MethodOption {
  readonly method: Method
  readonly name: string
  readonly description: string
  /** Asked for, and not every recipient gets it: why. */
  readonly denied: string | null
}

/**
 * What the sender may choose, from the vocabulary of the policy and what the preview says: what the policy does anyway is on
 * and locked, with the reason it gives.
 */
export function optionsOf(
  vocabulary: Vocabulary,
  choice: Choice,
  shown: Shown | null,
  files: number,
): { readonly switches: readonly Option[]; readonly methods: readonly MethodOption[] } {
  const named = new Map(vocabulary.protections.map((one) => [one.token, one]))
  const switches = SWITCHES.flatMap((token): Option[] => {
    const words = named.get(token)
    if (!words) return []
    const lock = lockOf(token, choice, shown, files)
    const byPolicy = lock?.why === 'policy'
    return [
      {
        token,
        name: words.name,
        description: words.description,
        on: byPolicy || (lock === null && isOn(token, choice)),
        lock,
        denied: lock === null && isOn(token, choice) ? deniedIn(token, shown) : null,
      },
    ]
  })
  const methods = METHODS.flatMap((method): MethodOption[] => {
    const words = named.get(method)
    if (!words) return []
    return [{ method, ...words, denied: choice.method === method ? deniedIn(method, shown) : null }]
  })
  return { switches, methods }
}

const isOn = (token: SwitchToken, choice: Choice) => (token === 'filelink' ? choice.filelink !== null : choice[token])

function lockOf(token: SwitchToken, choice: Choice, shown: Shown | null, files: number): Lock | null {
  const asked = choice.encrypt || choice.method !== null
  if (token === 'filelink' && files === 0) return { why: 'no-files' }
  if (token === 'plain' && asked) return { why: 'encrypted' }
  const recipients = shown?.verdict.recipients.filter(({ outcome }) => outcome === 'deliver') ?? []
  if (recipients.length === 0) return null
  const has = (step: string) => recipients.every(({ steps }) => steps.some((one) => one.do === step))
  const done: Readonly<Record<SwitchToken, boolean>> = {
    encrypt: !asked && recipients.every(isEndToEnd),
    sign: !choice.sign && has('sign'),
    receipt: !choice.receipt && has('receipt'),
    filelink: choice.filelink === null && has('fileLink'),
    plain: false,
  }
  if (done[token]) return { why: 'policy', text: reasonIn(recipients) }
  const waivable = recipients.some(({ method, steps }) => method !== null || steps.some((one) => LESS.includes(one.do)))
  if (token === 'plain' && !choice.plain && !waivable) return { why: 'nothing-to-waive' }
  return null
}

/** Steps that a wish for less protection takes away. */
const LESS = ['protect', 'sign', 'fileLink']

function reasonIn(recipients: Shown['verdict']['recipients']): string {
  for (const { reasons } of recipients) {
    const own = reasons.find(({ layer }) => layer !== 'intent')
    if (own) return own.text
  }
  return ''
}

/** Fields whose absence is the answer to a wish: what the engine names when it cannot or may not fulfil one. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  smime: ['smime', 'certificate'],
  pgp: ['pgp', 'pgp-key'],
  pdf: ['pdf', 'phone'],
  portal: ['portal'],
  plain: ['plain', 'reason'],
  filelink: ['attachments'],
}

function deniedIn(token: string, shown: Shown | null): string | null {
  const fields = ANSWERS[token] ?? []
  for (const { missing } of shown?.verdict.recipients ?? []) {
    const found = missing.find(({ field }) => fields.includes(field))
    if (found) return found.text
  }
  return null
}
