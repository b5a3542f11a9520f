/** The edge's side of the line: what runs in its thread (see edge.ts). */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import type { TenantId } from '../../shared/domain/index.ts'
import { readCopy } from '../journey/copy-content.ts'
import { acceptWith } from '../journey/ingress/accept.ts'
import { createReceiver } from '../journey/ingress/receive.ts'
import { Slabs } from '../journey/ingress/slabs.ts'
import { createSmtpIngress } from '../journey/ingress/smtp.ts'
import { sessionPolicy } from '../people/session-policy.ts'
import { openBlobs } from '../platform/blobs/open.ts'
import { systemClock } from '../platform/clock.ts'
import { messageId } from '../platform/ids.ts'
import { createSmtpTransport } from '../platform/smtp/transport.ts'
import { collectYoung } from '../platform/young.ts'
import { bytesOf, free, type OpenByteSource } from '../ports/bytes.ts'
import type { Log, Metrics } from '../ports/log.ts'
import type { OutgoingContent } from '../ports/transport.ts'
import { buffersOf, type Line, openLine, ownBuffersOf } from '../threads/line.ts'
import type { CoreMethods, EdgeMethods, EdgeSettings, SentContent } from './methods.ts'

/** Larger messages, up to so many bytes and so many at once, reach the core with their bytes. */
const SLAB = 1_310_720
const LENT = 40
const TOLD_EVERY_MS = 5_000

const settings = workerData as EdgeSettings
if (!parentPort) throw new Error('the edge runs in a thread')
let core: Line<CoreMethods> | undefined
const tell: Line<CoreMethods>['tell'] = (name, ...args) => core?.tell(name, ...args)

const metrics: Metrics = {
  count: (name, labels = {}, by = 1) => tell('count', name, labels, by),
  observe: (name, seconds, labels = {}) => tell('observe', name, seconds, labels),
  gauge: (name, value, labels = {}) => tell('gauge', name, value, labels),
}
const log = logOver({})

function logOver(base: Readonly<Record<string, unknown>>): Log {
  return {
    child: (fields) => logOver({ ...base, ...fields }),
    debug: settings.debug ? (event, fields) => tell('log', 'debug', event, { ...base, ...fields }) : () => {},
    info: (event, fields) => tell('log', 'info', event, { ...base, ...fields }),
    warn: (event, fields) => tell('log', 'warn', event, { ...base, ...fields }),
    error: (event, fields) => tell('log', 'error', event, { ...base, ...fields }),
  }
}

const blobs = await openBlobs(settings.blobs)
const slabs = new Slabs(SLAB, LENT)
const receiver = createReceiver({
  blobs,
  clock: systemClock,
  ids: () => messageId(systemClock.now()),
  name: settings.smtp.name,
  limits: settings.accept,
  slabs,
})
/** A tenant that has a policy keeps one. */
const ready = new Set<TenantId>()
const policy = sessionPolicy(settings.tenants, {
  authenticate: (user, password) => ask().call('authenticate', user, password),
  async policyReady(tenant) {
    if (!ready.has(tenant) && (await ask().call('policyReady', tenant))) ready.add(tenant)
    return ready.has(tenant)
  },
})
const smtp = createSmtpIngress(settings.smtp, {
  acceptor: {
    accept: (offered) =>
      acceptWith(receiver, (received) => ask().give(buffersOf(received.bytes), 'record', received), offered, log),
    admit: receiver.admit,
  },
  policy,
  log,
  metrics,
})
const transport = createSmtpTransport({ ...settings.transport, log })

const methods: EdgeMethods = {
  listen: smtp.listen,
  closeSmtp: smtp.close,
  async send(id, route, envelope, content) {
    const before = content.asksBeforeDot ? { beforeDot: async () => ask().call('beforeDot', id) } : {}
    const { ticket = 0, bytes = null } = content.held ?? {}
    const held = ticket === 0 ? bytes : slabs.read(ticket)
    let answered = false
    try {
      const result = await transport.send(route, envelope, contentOf(content, held), before)
      answered = result.recipients.every(({ status }) => status === 'accepted')
      return result
    } finally {
      // Only of a mail whose every byte was answered for nothing waits in a socket: its memory is free at once.
      if (!answered) slabs.abandon(ticket)
      else if (ticket !== 0) slabs.giveBack(ticket)
      else if (bytes) free(bytes)
      if (answered && 'head' in content.source) for (const own of ownBuffersOf(content.source.head)) own.transfer(0)
    }
  },
  giveBack: (ticket) => slabs.giveBack(ticket),
  closeTransport: transport.close,
  end: () => process.exit(0),
}
core = openLine<CoreMethods>(parentPort, methods)
watchLoop()
collectYoung()

function ask(): Line<CoreMethods> {
  if (!core) throw new Error('the line is not open')
  return core
}

/** `inMemory`: the bytes of what was held, as this thread sees them. */
function contentOf({ size, source, held }: SentContent, inMemory: Uint8Array | null): OutgoingContent {
  if (source instanceof Uint8Array) return { size, stream: () => bytesOf(source).stream() }
  const from = inMemory ? { open: async () => opened(inMemory, !held?.fromDisk) } : blobs
  return { size, stream: () => readCopy(from, source.tenant, source) }
}

const opened = (bytes: Uint8Array, held: boolean): OpenByteSource => ({
  ...bytesOf(bytes),
  held,
  async [Symbol.asyncDispose]() {},
})

/** How long this thread's loop was held up and what memory it has, for the operator. */
function watchLoop(): void {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  setInterval(() => {
    metrics.gauge('edge_event_loop_delay_p99_seconds', delay.percentile(99) / 1e9)
    metrics.gauge('edge_event_loop_delay_max_seconds', delay.max / 1e9)
    delay.reset()
    const heap = getHeapStatistics()
    metrics.gauge('edge_heap_size_total_bytes', heap.total_heap_size)
    metrics.gauge('edge_external_memory_bytes', heap.external_memory)
  }, TOLD_EVERY_MS).unref()
}
