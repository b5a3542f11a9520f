import type { Envelope } from '../../../shared/domain/index.ts'
import type { Fault } from '../../../shared/fault/index.ts'
import type { OutgoingContent, SendOptions, TransportResult } from '../../ports/transport.ts'
import { commandsFor } from './commands.ts'
import { HopError } from './conversation.ts'
import { fit } from './fit.ts'
import type { Lease } from './pool.ts'
import type { Reply } from './reply.ts'
import { faultOf, replyOf, resultOf } from './settle.ts'
import type { SmtpTimeouts } from './timeouts.ts'
import { ChunkingRefused, ContentRefused, isPositive, type Progress, transact } from './transaction.ts'

/** What became of one transaction on one connection. */
export type Attempted =
  | { readonly result: TransportResult; readonly unfit: boolean }
  /** Nobody's fate was settled. */
  | {
      readonly fault: Fault
      /** No byte of content went out: another connection, or another host, can try without a doubt. */
      readonly untouched: boolean
      readonly chunkingRefused: boolean
    }

const RESET_MS = 5_000

/** One transaction, from MAIL to the reply after the end of data. Gives the lease back. Raises faults of our own side only. */
export async function attempt(
  lease: Lease,
  envelope: Envelope,
  content: OutgoingContent,
  timeouts: SmtpTimeouts,
  { beforeDot }: SendOptions,
  signal: AbortSignal,
): Promise<Attempted> {
  const { session } = lease
  const { talk, facts, remote } = session
  const progress: Progress = { begun: false, ended: false, replies: new Map() }
  const late = () => talk.fail(new HopError('timeout', 'the attempt took too long'))
  signal.addEventListener('abort', late, { once: true })
  let keep = false
  let unfit: ReadonlyMap<string, string> = new Map()
  const result = (reply: (address: string) => string): TransportResult => ({
    recipients: envelope.recipients.map(({ address }) => resultOf(address, unfit.get(address) ?? reply(address))),
    tls: facts.version,
    remote: remote || facts.host,
    dsn: session.extensions.has('DSN'),
    hop: facts,
  })
  /** The recipient's own refusal, or what was said to all who had none. */
  const replies = (last: Reply) => (address: string) => {
    const own = progress.replies.get(address)
    return own && !isPositive(own) ? own.text : last.text
  }
  try {
    const fitted = await fit(session, envelope, content)
    const commands = commandsFor(envelope, session, fitted.shape)
    unfit = commands.unfit
    if (commands.rcpt.length === 0) {
      keep = true
      return { result: result(() => ''), unfit: true }
    }
    const last = await transact(session, commands, fitted.content, timeouts, progress, beforeDot)
    // A refused transaction stays open: without RSET the next MAIL is answered 503.
    keep = (isPositive(last) && progress.ended) || (await isReset(talk))
    return { result: result(replies(last)), unfit: false }
  } catch (error) {
    if (error instanceof ContentRefused) return { result: result(replies(error.reply)), unfit: false }
    // Everything else of ours is not the next hop's doing: a source that failed, a hook that said no.
    if (!(error instanceof HopError)) {
      talk.close()
      throw error
    }
    const uncertain = progress.ended && error.kind !== 'said'
    const fault = faultOf(error, uncertain)
    const settled = [...progress.replies.values()].some(({ code }) => code >= 500)
    if (!settled) {
      return { fault, untouched: !progress.begun, chunkingRefused: error instanceof ChunkingRefused }
    }
    const rest = replyOf(fault)
    const refused = (address: string) => {
      const own = progress.replies.get(address)
      return own && !isPositive(own) ? own.text : null
    }
    const told = result((address) => refused(address) ?? rest)
    const recipients = told.recipients.map((one) =>
      uncertain && refused(one.address) === null && !unfit.has(one.address) ? { ...one, uncertain } : one,
    )
    return { result: { ...told, recipients }, unfit: false }
  } finally {
    signal.removeEventListener('abort', late)
    lease.release(keep)
  }
}

async function isReset(talk: Lease['session']['talk']): Promise<boolean> {
  if (!talk.alive) return false
  return await talk.ask('RSET', RESET_MS).then(
    ({ code }) => code === 250,
    () => false,
  )
}
