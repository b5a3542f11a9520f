/** A mail of the analysis as a person would tell it: who to whom, and what is remarkable about it. */
import type { AttachmentFacts, PolicyInput } from '../../domain/index.ts'
import { canonicalJson } from '../text/canonical.ts'
import { sizeInWords } from '../text/units.ts'

type Facts = Readonly<Record<string, unknown>>

/** Facts of an everyday mail that need no mention. */
const USUAL: Readonly<Record<string, unknown>> = {
  authenticated: true,
  autoSubmitted: false,
  bcc: false,
  bodyText: 'Hello',
  content: 'plain',
  defects: [],
  groups: [],
  header: {},
  portalAccount: false,
  phoneKnown: false,
  size: 10_000,
  source: 'smtp',
  tenant: 'tenant',
  tls: 'opportunistic',
}
/** Told by the line of addresses, or of no interest. */
const TOLD = new Set(['address', 'domain', 'direction', 'ours', 'external', 'subject', 'classification', 'keys'])

/** Two or three short lines; facts stand as the language names them, unknown ones as `unknown`. */
export function mailWords(mail: PolicyInput, language: 'de' | 'en'): readonly string[] {
  const w =
    language === 'de'
      ? {
          to: 'an',
          own: 'intern',
          strange: 'extern',
          unknown: 'unbekannt',
          wish: 'Wunsch',
          none: 'keine Anhänge',
          hidden: 'Anhänge unbekannt',
        }
      : {
          to: 'to',
          own: 'internal',
          strange: 'external',
          unknown: 'unknown',
          wish: 'wish',
          none: 'no attachments',
          hidden: 'attachments unknown',
        }
  const who = (address: string, external: boolean) => `${address} (${external ? w.strange : w.own})`
  const { sender, recipients, message, attachments, intent } = mail
  const lines = [
    `${who(sender.address, !sender.ours)} ${w.to} ${recipients.map((one) => who(one.address, one.external)).join(', ')}`,
    `${message.direction}, "${message.subject}", ${message.classification}, ${files(attachments, w)}`,
  ]
  const facts = [
    ...remarkable('message', message as unknown as Facts),
    ...remarkable('sender', sender as unknown as Facts),
    ...remarkable('recipient', recipients[0] as unknown as Facts),
    ...(['smime', 'pgp'] as const).flatMap((kind) => {
      const state = recipients[0]?.keys[kind]
      return state === 'none' ? [] : [`recipient.keys.${kind}: ${state ?? w.unknown}`]
    }),
    ...intent.protection.map(
      ({ token, reason }) => `${w.wish}: ${token}${reason === undefined ? '' : ` ("${reason}")`}`,
    ),
  ]
  if (facts.length > 0) lines.push(facts.join(', '))
  if (mail.time !== '2026-01-14T10:00:00+01:00') lines.push(mail.time)
  return lines
}

function remarkable(stem: string, facts: Facts): readonly string[] {
  return Object.entries(facts).flatMap(([key, value]) => {
    if (TOLD.has(key) || value === null || value === undefined) return []
    if (key in USUAL && canonicalJson(USUAL[key]) === canonicalJson(value)) return []
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
    return [`${stem}.${key}: ${text}`]
  })
}

function files(
  list: readonly AttachmentFacts[] | undefined,
  w: { readonly none: string; readonly hidden: string },
): string {
  if (list === undefined) return w.hidden
  if (list.length === 0) return w.none
  return list
    .map(({ name, size, macro, encrypted }) =>
      [`${name} (${sizeInWords(size)}`, macro ? ', macro' : '', encrypted ? ', encrypted' : '', ')'].join(''),
    )
    .join(', ')
}
