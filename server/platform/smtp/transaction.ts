import { Fault } from '../../../shared/fault/index.ts'
import type { OutgoingContent } from '../../ports/transport.ts'
import type { Commands } from './commands.ts'
import { type Expected, HopError } from './conversation.ts'
import { BareLineEnd, DotStuffer } from './dot-stuffing.ts'
import type { Reply } from './reply.ts'
import { type Session, said } from './session.ts'
import type { SmtpTimeouts } from './timeouts.ts'

/** How far a transaction came, also when it ends with an error. */
export interface Progress {
  /** Content has begun to flow. */
  begun: boolean
  /** The end of data was handed to the socket: the next hop may have taken the message although it never said so. */
  ended: boolean
  /** Replies to recipients; none after a refused MAIL. */
  readonly replies: Map<string, Reply>
}

/** Content up to so many bytes is written in one piece together with its end. */
const ONE_PIECE = 131_072

/**
 * MAIL to the reply after the end of data, on one session. Answers the reply that counts for every recipient who was accepted
 * at RCPT, or for everybody when MAIL was refused; `progress.replies` has the refusals. Raises HopError, or a Fault of the
 * source or of `beforeDot`; the conversation is over then.
 */
export async function transact(
  session: Session,
  commands: Commands,
  content: OutgoingContent,
  timeouts: SmtpTimeouts,
  progress: Progress,
  beforeDot?: () => Promise<void>,
): Promise<Reply> {
  const { talk, extensions } = session
  // A small mail goes out in one write either way; a large one is spared the search for dots and the copy.
  const chunked =
    content.size > ONE_PIECE && extensions.has('CHUNKING') && extensions.has('PIPELINING') && !session.plainData
  const pipelined = extensions.has('PIPELINING')
  const lines = [commands.mail, ...commands.rcpt.map(({ line }) => line), ...(chunked ? [] : ['DATA'])]

  let ready: Reply | null = null
  if (pipelined) {
    const expected = lines.map((line) => talk.expect(line === 'DATA' ? timeouts.dataStartMs : timeouts.commandMs))
    await talk.write(`${lines.join('\r\n')}\r\n`, timeouts.dataBlockMs)
    const mail = await expected[0]!.reply
    for (const [at, { address }] of commands.rcpt.entries()) {
      const reply = await expected[at + 1]!.reply
      if (isPositive(mail)) progress.replies.set(address, reply)
    }
    if (!chunked) ready = await expected.at(-1)!.reply
    if (!isPositive(mail) || !accepts(progress)) {
      // A go-ahead without a recipient: the empty message is for nobody (RFC 2920 3.1).
      if (ready?.code === 354) await talk.ask('.', timeouts.dataEndMs)
      return closing(mail, progress)
    }
  } else {
    const mail = await talk.ask(commands.mail, timeouts.commandMs)
    if (!isPositive(mail)) return closing(mail, progress)
    for (const { address, line } of commands.rcpt) {
      const reply = await talk.ask(line, timeouts.commandMs)
      progress.replies.set(address, reply)
      if (reply.code === 421) throw said('the server closes', reply)
    }
    if (!accepts(progress)) return closing(mail, progress)
    ready = await talk.ask('DATA', timeouts.dataStartMs)
  }
  const closes = [...progress.replies.values()].find(({ code }) => code === 421)
  if (closes) throw said('the server closes', closes)
  if (chunked) return await sendChunks(session, content, timeouts, progress, beforeDot)
  if (ready!.code !== 354) {
    if (isPositive(ready!)) throw new HopError('garbled', 'DATA was answered by something else')
    return closing(ready!, progress)
  }
  return await sendData(session, content, timeouts, progress, beforeDot)
}

export function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300
}

function accepts({ replies }: Progress): boolean {
  return [...replies.values()].some(isPositive)
}

/** 421 is about the connection, not about the mail (RFC 5321 3.8). */
function closing(reply: Reply, { replies }: Progress): Reply {
  const closes = reply.code === 421 ? reply : [...replies.values()].find(({ code }) => code === 421)
  if (closes) throw said('the server closes', closes)
  return reply
}

async function sendData(
  { talk }: Session,
  content: OutgoingContent,
  timeouts: SmtpTimeouts,
  progress: Progress,
  beforeDot?: () => Promise<void>,
): Promise<Reply> {
  const stuffer = new DotStuffer()
  // Expected from now on: a server may refuse while the content still flows.
  const last = talk.expect(timeouts.dataEndMs, false)
  progress.begun = true
  const held: Buffer[] = []
  let early = false
  try {
    for await (const chunk of readingOf(content)) {
      if (last.came) {
        early = true
        break
      }
      const out = stuffer.chunk(chunk)
      if (content.size <= ONE_PIECE) held.push(out)
      else await either(talk.write(out, timeouts.dataBlockMs), last.reply)
    }
    if (!early) {
      const end = stuffer.end()
      if (beforeDot) {
        await talk.write(held.splice(0), timeouts.dataBlockMs)
        await beforeDot()
      }
      if (last.came) early = true
      else {
        progress.ended = true
        last.arm()
        await talk.write([...held, end], timeouts.dataBlockMs)
      }
    }
  } catch (error) {
    // Hanging up without the dot is the only way to say that the rest does not come.
    talk.close()
    throw faultOfSource(error)
  }
  const reply = await last.reply
  if (early) {
    // Refused before the end: what is said counts, but the connection is in the middle of nowhere.
    talk.close()
    if (isPositive(reply)) throw new HopError('garbled', 'accepted before the end')
  }
  return closing(reply, progress)
}

/** A server that has refused may take no more bytes: its word is enough. */
async function either(writing: Promise<void>, reply: Promise<Reply>): Promise<void> {
  writing.catch(() => {})
  await Promise.race([writing, reply])
}

/**
 * RFC 3030 2. No dots to stuff; every chunk says how long it is. The last one is empty, so that the message counts only when
 * everything before it was taken and `beforeDot` agreed.
 */
async function sendChunks(
  session: Session,
  content: OutgoingContent,
  timeouts: SmtpTimeouts,
  progress: Progress,
  beforeDot?: () => Promise<void>,
): Promise<Reply> {
  const { talk } = session
  const lines = new DotStuffer()
  const sent: Expected[] = []
  let last: Reply
  try {
    for await (const chunk of readingOf(content)) {
      if (chunk.length === 0) continue
      // Not for the dots, but that no bare line end leaves.
      lines.chunk(chunk)
      while (sent.length >= WINDOW || sent[0]?.came) await confirm(session, sent.shift()!, progress)
      sent.push(talk.expect(timeouts.dataEndMs))
      progress.begun = true
      await talk.write(`BDAT ${chunk.length}\r\n`, timeouts.dataBlockMs)
      await talk.write(chunk, timeouts.dataBlockMs)
    }
    // Where the content does not end a line, the end of data of DATA would have ended it.
    const rest = lines.end().length > 3 ? '\r\n' : ''
    for (const expected of sent.splice(0)) await confirm(session, expected, progress)
    await beforeDot?.()
    progress.ended = true
    last = await talk.ask(`BDAT ${rest.length} LAST${rest === '' ? '' : '\r\n'}`, timeouts.dataEndMs)
  } catch (error) {
    talk.close()
    throw faultOfSource(error)
  }
  return closing(last, progress)
}

/** Chunks that may be on their way without an answer. */
const WINDOW = 8

async function confirm({ talk }: Session, expected: Expected, progress: Progress): Promise<void> {
  const reply = await expected.reply
  if (isPositive(reply)) return
  talk.close()
  // Offered, but not known when it is used: the next connection takes DATA.
  if (reply.code >= 500 && reply.code <= 504) throw new ChunkingRefused(reply.text)
  throw new ContentRefused(closing(reply, progress))
}

/** Content was refused before its end. What was said counts for the message; the conversation is over. */
export class ContentRefused extends Error {
  override readonly name = 'ContentRefused'
  readonly reply: Reply
  constructor(reply: Reply) {
    super('content was refused')
    this.reply = reply
  }
}

/** The next hop offers CHUNKING and does not do it. */
export class ChunkingRefused extends HopError {
  constructor(reply: string) {
    super('said', 'CHUNKING is offered but does not work', { reply })
  }
}

/** A source that fails is our fault, not the next hop's: its own error goes to the caller. */
async function* readingOf(content: OutgoingContent): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of content.stream()) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store-unavailable', '', { cause: error })
  }
}

function faultOfSource(error: unknown): unknown {
  return error instanceof BareLineEnd ? new Fault('blob-damaged', error.message, { cause: error }) : error
}
