import type { CopyRecord, Envelope, ReceivedMessage, TenantId } from '../../../shared/domain/index.ts'
import { toFault } from '../../../shared/fault/index.ts'
import { domainOf } from '../../../shared/words/address.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { MailTransport, Route, TransportResult } from '../../ports/transport.ts'
import { copyContent } from '../copy-content.ts'
import { asProtected } from './leg.ts'

/** What one transaction with the next hop came to. */
export interface Transmission {
  readonly result: TransportResult
  /** The next hop, not the mail, is what failed. */
  readonly unreachable: boolean
  /** Nobody answered: the words of the result are our own. */
  readonly local: boolean
  /** Recipients who may have the mail although nobody said so. */
  readonly uncertain: readonly string[]
}

/** Faults of the next hop: another try of the same recipients, never a matter for the worker. */
const NEXT_HOP = new Set([
  'next-hop-unreachable',
  'next-hop-timeout',
  'next-hop-temporary',
  'tls-required',
  'dns-unavailable',
])
/** Those of them that say nothing about the mail. */
const NO_CONNECTION = new Set(['next-hop-unreachable', 'next-hop-timeout', 'tls-required'])
/** Those after which, once the final dot was on its way, the mail may have been taken. */
const NO_REPLY = new Set(['next-hop-unreachable', 'next-hop-timeout'])

/**
 * One transaction with the next hop for `open` recipients of a copy; its faults become a temporary reply for everybody.
 * `beforeDot` is awaited before the end of data goes out, and keeps it back by throwing. Raises that and what the blob
 * store raises.
 */
export async function transmit(
  parts: { readonly transport: MailTransport; readonly blobs: BlobStore },
  route: Route,
  about: {
    readonly tenant: TenantId
    readonly copy: CopyRecord
    readonly message: ReceivedMessage
    /** The next hop is the tenant's own: it gets the loop mark. */
    readonly home: boolean
  },
  open: readonly string[],
  beforeDot: () => Promise<void>,
): Promise<Transmission> {
  const { tenant, copy, message, home } = about
  const content = copyContent(parts.blobs, tenant, copy, message, home)
  let dotted = false
  try {
    const result = await parts.transport.send(asProtected(route, copy), envelopeOf(copy, message, open), content, {
      async beforeDot() {
        await beforeDot()
        dotted = true
      },
    })
    const uncertain = result.recipients.filter((recipient) => recipient.uncertain).map(({ address }) => address)
    return { result, local: false, unreachable: false, uncertain }
  } catch (error) {
    const fault = toFault(error)
    if (!NEXT_HOP.has(fault.code)) throw fault
    const reply = `${fault.definition.smtp} ${fault.definition.title.en}${fault.detail ? `: ${fault.detail}` : ''}`
    const closing = fault.code === 'next-hop-temporary' && fault.detail.startsWith('421')
    return {
      result: deferral(route, open, reply),
      local: true,
      unreachable: !dotted && (NO_CONNECTION.has(fault.code) || closing),
      uncertain: dotted && NO_REPLY.has(fault.code) ? open : [],
    }
  }
}

/** What a lane that is closed comes to: nobody was asked. */
export function untried(route: Route, open: readonly string[]): Transmission {
  const reply = '451 4.4.1 The next mail server cannot be reached: several attempts in a row failed'
  return { result: deferral(route, open, reply), local: true, unreachable: false, uncertain: [] }
}

const deferral = (route: Route, open: readonly string[], reply: string): TransportResult => ({
  recipients: open.map((address) => ({ address, status: 'temporary', reply })),
  tls: null,
  remote: route.mx ? domainOf(open[0] ?? '') : route.host,
  dsn: false,
})

function envelopeOf(copy: CopyRecord, message: ReceivedMessage, open: readonly string[]): Envelope {
  const { envelope } = message
  const isReport = copy.mailFrom === '' && envelope.mailFrom !== ''
  const known = new Map(envelope.recipients.map((recipient) => [recipient.address, recipient]))
  return {
    mailFrom: copy.mailFrom,
    // Whom the author did not name (a blind copy, the holder of a role), no other server's report may name to him.
    recipients: open.map((address) => (isReport ? undefined : known.get(address)) ?? { address, notify: ['NEVER'] }),
    body: envelope.body,
    // A report is written so that it needs SMTPUTF8 only for an address that does (RFC 6533 4).
    smtputf8: isReport ? open.some((address) => /[^ -~]/.test(address)) : envelope.smtputf8,
    // RFC 8689 5: a report may leave without TLS rather than not at all; it carries at most the header back to its sender.
    requireTls: envelope.requireTls && !isReport,
    ...(!isReport && envelope.ret ? { ret: envelope.ret } : {}),
    ...(!isReport && envelope.envid ? { envid: envelope.envid } : {}),
  }
}
