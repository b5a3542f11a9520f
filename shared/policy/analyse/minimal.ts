/** The same mail with as few remarkable facts as still make the point. */
import type { PolicyInput } from '../../domain/index.ts'
import type { TenantLabels } from '../labels.ts'
import { canonicalJson } from '../text/canonical.ts'
import { everyday, mailOf } from './mail.ts'
import { consistent, type Setting } from './witness.ts'

type Facts = Readonly<Record<string, unknown>>

/** Facts that change together. */
const TOGETHER = [['address', 'domain'], ['ours', 'address', 'domain'], ['external', 'address', 'domain'], ['bodyText']]

/** Puts everyday facts in place of remarkable ones, one after the other, as long as `holds` says yes. */
export function minimal(
  mail: PolicyInput,
  labels: TenantLabels,
  setting: Setting,
  holds: (mail: PolicyInput) => boolean,
): PolicyInput {
  const plain = mailOf(everyday(labels, setting))
  let best = mail
  const attempt = (tried: PolicyInput) => {
    const directed = withDirections(tried)
    if (canonicalJson(directed) === canonicalJson(best)) return
    if (misplaced(directed, setting.ours) && !misplaced(mail, setting.ours)) return
    if (directed.recipients.every((one) => consistent(directed, one)) && holds(directed)) best = directed
  }
  if (best.recipients.length > 1) attempt({ ...best, recipients: best.recipients.slice(0, 1) })
  attempt({ ...best, attachments: [] })
  for (const index of best.attachments?.keys() ?? [])
    attempt({ ...best, attachments: best.attachments!.filter((_, i) => i !== index) })
  attempt({ ...best, intent: plain.intent })
  attempt({ ...best, time: plain.time })
  const sections = ['message', 'sender'] as const
  for (const section of sections)
    for (const keys of keysOf(best[section] as unknown as Facts))
      attempt({
        ...best,
        [section]: reset(best[section] as unknown as Facts, plain[section] as unknown as Facts, keys),
      })
  for (const keys of keysOf(best.recipients[0] as unknown as Facts)) {
    const [first, ...others] = best.recipients
    const again = reset(first as unknown as Facts, plain.recipients[0] as unknown as Facts, keys)
    attempt({ ...best, recipients: [again as unknown as PolicyInput['recipients'][number], ...others] })
  }
  return best
}

/** A stranger with an address of ours. */
function misplaced({ sender, recipients }: PolicyInput, ours: string): boolean {
  return (!sender.ours && sender.domain === ours) || recipients.some((one) => one.external && one.domain === ours)
}

function keysOf(facts: Facts): readonly (readonly string[])[] {
  const keys = Object.keys(facts)
  return [...TOGETHER.filter((group) => group.every((key) => keys.includes(key))), ...keys.map((key) => [key])]
}

function reset(facts: Facts, plain: Facts, keys: readonly string[]): Facts {
  return { ...facts, ...Object.fromEntries(keys.filter((key) => key in plain).map((key) => [key, plain[key]])) }
}

function withDirections(mail: PolicyInput): PolicyInput {
  const { ours } = mail.sender
  const direction = !ours ? 'inbound' : mail.recipients.every((one) => !one.external) ? 'internal' : 'outbound'
  return {
    ...mail,
    message: { ...mail.message, direction },
    recipients: mail.recipients.map((one) => ({
      ...one,
      direction: !ours ? 'inbound' : one.external ? 'outbound' : 'internal',
    })),
  }
}
