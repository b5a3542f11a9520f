/**
 * The edge: SMTP in both directions, TLS and the spool's files, in a thread of its own. What must be asked of the core
 * (recording a message, a password) goes over one line; a message is acknowledged only when the core has recorded it.
 * So the core's event loop holds decisions and the database, the edge's holds sockets, and both cores work.
 */
import { Worker } from 'node:worker_threads'
import { Fault } from '../../shared/fault/index.ts'
import type { Received } from '../journey/ingress/receive.ts'
import type { SessionPolicy } from '../journey/ingress/session-policy.ts'
import type { SmtpIngress } from '../journey/ingress/smtp.ts'
import type { HeldBytes } from '../platform/blobs/recent.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { ContentPlace, MailTransport, OutgoingContent } from '../ports/transport.ts'
import { buffersOf, type Line, openLine, ownBuffersOf } from '../threads/line.ts'
import type { CoreMethods, EdgeMethods, EdgeSettings } from './methods.ts'

export interface EdgeDeps extends Pick<SessionPolicy, 'authenticate' | 'policyReady'> {
  record(received: Received): Promise<void>
  /** Bytes of the blob at a place, given away for good; null where it has to be read. */
  taken(place: ContentPlace): Promise<HeldBytes | null>
  readonly log: Log
  readonly metrics: Metrics
  /** The thread died: nothing can be received or sent any more, the process has to be started again. */
  failed(error: Error): void
}

export interface Edge {
  readonly transport: MailTransport
  readonly smtp: SmtpIngress
  /** Mail that came in a slab will not be asked to be sent from it. */
  giveBack(ticket: number): void
  close(): Promise<void>
}

const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)
/** How long the thread may take to end once nothing runs in it. */
const END_MS = 2_000

/** The thread starts with the first use: a process that only answers HTTP has none. */
export function openEdge(settings: EdgeSettings, deps: EdgeDeps): Edge {
  const { log, metrics } = deps
  /** What waits for its final dot, by the number of its sending; undefined where nobody asked to be heard before it. */
  const sendings = new Map<number, (() => Promise<void>) | undefined>()
  let last = 0
  let running: { readonly worker: Worker; readonly line: Line<EdgeMethods>; readonly ended: Promise<unknown> } | null =
    null
  let closing = false

  const core: CoreMethods = {
    record: deps.record,
    authenticate: deps.authenticate,
    policyReady: (tenant) => deps.policyReady(tenant) as boolean,
    beforeDot(sending) {
      // Its sender gave up meanwhile: nothing of it may leave.
      if (!sendings.has(sending)) throw new Fault('internal', '', { cause: new Error('nobody sends this') })
      return sendings.get(sending)?.()
    },
    log: (level, event, fields) => log[level](event, fields),
    count: (name, labels, by) => metrics.count(name, labels, by),
    observe: (name, seconds, labels) => metrics.observe(name, seconds, labels),
    gauge: (name, value, labels) => metrics.gauge(name, value, labels),
  }

  function line(): Line<EdgeMethods> {
    if (running) return running.line
    // None of the process's environment: what the edge may know stands in its settings.
    const worker = new Worker(SCRIPT, {
      workerData: settings,
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    })
    // An answer is a 250 that waits; what the core does next is mostly the delivery of mails that have theirs.
    const opened = openLine<EdgeMethods>(worker, core, { answersFirst: true })
    running = { worker, line: opened, ended: new Promise((resolve) => worker.once('exit', resolve)) }
    const die = (error: Error) => {
      opened.cut(error)
      if (closing) return
      closing = true
      log.error('edge.failed', { error: error.message, stack: error.stack })
      deps.failed(error)
    }
    worker.on('error', (error) => die(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (code) => die(new Error(`the edge ended with ${code}`)))
    return opened
  }

  return {
    transport: {
      async send(route, envelope, content, options) {
        const id = ++last
        sendings.set(id, options?.beforeDot)
        try {
          const source = content.place ?? (await whole(content))
          const held = content.place ? await deps.taken(content.place) : null
          // What was read for this sending is not copied either: nobody else has it, and another try reads it again.
          const given = [...(held ? buffersOf(held.bytes) : []), ...ownBuffersOf(content.place?.head ?? null)]
          return await line().give(given, 'send', id, route, envelope, {
            size: content.size,
            source,
            held,
            asksBeforeDot: options?.beforeDot !== undefined,
          })
        } finally {
          sendings.delete(id)
        }
      },
      async close() {
        if (!running) return
        // Whoever still waits for a next hop that says nothing has been told to stop: his mail goes out after the start.
        let late: NodeJS.Timeout | undefined
        const enough = new Promise<void>((resolve) => {
          late = setTimeout(resolve, END_MS)
        })
        // Of a thread that died there is nothing to finish.
        await Promise.race([running.line.call('closeTransport').catch(() => {}), enough])
        clearTimeout(late)
      },
    },
    smtp: {
      listen: () => line().call('listen'),
      close: () => (running ? running.line.call('closeSmtp') : Promise.resolve()),
    },
    giveBack(ticket) {
      running?.line.tell('giveBack', ticket)
    },
    async close() {
      closing = true
      if (!running) return
      const { worker, line: open, ended } = running
      open.tell('end')
      const late = setTimeout(() => void worker.terminate(), END_MS)
      await ended
      clearTimeout(late)
    },
  }
}

/** A mail that is stored nowhere: one of our own, in memory already and no longer than a job's payload. */
async function whole(content: OutgoingContent): Promise<Uint8Array> {
  const bytes = new Uint8Array(content.size)
  let at = 0
  for await (const piece of content.stream()) {
    if (at + piece.length > bytes.length) throw new Fault('internal', '', { cause: new Error('longer than it said') })
    bytes.set(piece, at)
    at += piece.length
  }
  if (at < bytes.length) throw new Fault('blob-damaged', `ends at ${at} of ${bytes.length} bytes`)
  return bytes
}
