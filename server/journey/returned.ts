import type { Decision, MessageRecord, RecipientDecision } from '../../shared/domain/index.ts'
import type { MimeIndex } from '../mime/part.ts'
import type { ByteSource } from '../ports/bytes.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { TenantStore } from '../ports/store.ts'
import type { Note } from './evaluate/given.ts'
import { hashOf } from './seal/body-hash.ts'
import { type LoopMark, readMark } from './seal/loop-mark.ts'

/** A mail that we sent to a mail server of the tenant's and that came back as it was. */
export interface Returned {
  readonly mark: LoopMark
  /** Addresses of the envelope that it was processed for. */
  readonly recipients: ReadonlySet<string>
}

/** It leaves once more. Who sends it to us again is in a circle. */
const LEAVES_MAX = 2

/**
 * Whether a mail is one that we have processed, and for which of its recipients. Address, body and the fields that say what the
 * body is have to be those we sent: a mark on anything else, or a forged one, has no effect but a note. Whom the server behind us added
 * (a list it expanded, a forwarding) is nobody we decided on, and is not among the recipients.
 */
export async function recogniseReturned(
  parts: { readonly secrets: TenantSecrets; readonly store: Pick<TenantStore, 'read'>; readonly now: number },
  record: MessageRecord,
  { root }: MimeIndex,
  source: ByteSource,
  tenant: Parameters<typeof readMark>[1],
): Promise<{ readonly returned: Returned | null; readonly notes: readonly Note[] }> {
  if (!root.fields.some(({ name }) => name === 'x-secflow-loop')) return { returned: null, notes: [] }
  const ignored = (why: string) => ({ returned: null, notes: [{ type: 'loop.ignored', detail: { why } }] })
  const mark = readMark(parts.secrets.macKey(tenant), tenant, root.fields, parts.now)
  if (!mark) return ignored('the mark is not ours, not of this mail, or too old')
  if ((await hashOf(source.stream(root.bodyStart))) !== mark.bodyHash) return ignored('the body is not the one we sent')
  const copy = await parts.store.read.copy(mark.copy)
  if (!copy) return ignored('the copy is not known any more')
  const served = new Set(copy.recipients)
  const recipients = new Set(
    record.envelope.recipients.map(({ address }) => address).filter((address) => served.has(address)),
  )
  if (recipients.size === 0) return ignored('it was processed for other recipients')
  const detail = { copy: mark.copy, left: mark.count, recipients: [...recipients] }
  return { returned: { mark, recipients }, notes: [{ type: 'message.returned', detail }] }
}

/**
 * The decision with the recipients a returned mail was processed for: no step again, on to the next hop; the second time it
 * comes back it is refused as a loop (RFC 5321 6.3). `decision` is that on the others; null when there are none. Pure.
 */
export function withReturned(decision: Decision | null, { mark, recipients }: Returned): Decision {
  const loops = mark.count >= LEAVES_MAX
  const text = loops
    ? { de: 'Mailschleife: die Mail kam zweimal zurück', en: '5.4.6 mail loop: the mail came back twice' }
    : {
        de: 'schon verarbeitet; kam von einem eigenen Server zurück',
        en: 'processed before; came back from an own server',
      }
  const passed = [...recipients].map(
    (address): RecipientDecision => ({
      address,
      outcome: loops ? 'reject' : 'deliver',
      ...(loops ? { text: text.en } : {}),
      method: null,
      steps: [],
      reasons: [{ rule: 'loop-protection', layer: 'guarantee', text }],
      missing: [],
      simulated: [],
    }),
  )
  const others = decision ?? {
    decisionId: `returned-${mark.copy}-${mark.count}`,
    revision: 'loop-protection',
    recipients: [],
    copies: [],
    once: [],
  }
  const first = others.recipients.length
  const copy = { recipients: passed.map((_, at) => first + at), steps: [] }
  return {
    ...others,
    recipients: [...others.recipients, ...passed],
    copies: loops ? others.copies : [...others.copies, copy],
  }
}
