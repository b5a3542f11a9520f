import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import type { JobQueueName } from '../../../../shared/domain/index.ts'
import { tenantId } from '../../../../shared/domain/index.ts'
import type { Log } from '../../../ports/log.ts'
import type { Announced } from '../../../ports/store.ts'

const CHANNEL = 'secflow_work'

/** Longest payload that goes out; the server takes less than 8000 bytes. */
const PAYLOAD = 7_000

/** Work of this long is told in one go. */
const GATHER_MS = 5

const RECONNECT_MS = { first: 100, last: 5_000 }

/**
 * Tells other nodes of new work and hears of theirs. Only a hint, on a connection of its own and after the commit: a transaction
 * that notifies holds a lock of the whole cluster until its own flush, so commits would stand in a line (measured: decision 24).
 * What is lost with a connection or a node is found by polling.
 */
export class WorkSignal {
  readonly #config: pg.ClientConfig
  readonly #log: Log
  readonly #heard: (work: readonly Announced[]) => void
  #client: pg.Client | null = null
  #timer: NodeJS.Timeout | null = null
  #wait = RECONNECT_MS.first
  #closed = false
  #telling: Promise<void> | null = null
  readonly #gathered = new Map<string, Announced>()

  constructor(config: pg.ClientConfig, log: Log, heard: (work: readonly Announced[]) => void) {
    this.#config = config
    this.#log = log
    this.#heard = heard
  }

  /** Connects; later, and again whenever the connection is lost, by itself. */
  async start(): Promise<void> {
    if (this.#closed) return
    const client = new pg.Client(this.#config)
    let lost = false
    const again = () => {
      if (lost) return
      lost = true
      if (this.#client === client) this.#client = null
      client.removeAllListeners('notification')
      void client.end().catch(() => {})
      if (this.#closed) return
      this.#timer = setTimeout(() => void this.start(), this.#wait)
      this.#wait = Math.min(this.#wait * 2, RECONNECT_MS.last)
    }
    client.on('error', again)
    client.on('end', again)
    client.on('notification', ({ payload, processId }) => {
      if (processId !== (client as unknown as { processID: number }).processID) this.#hear(payload ?? '')
    })
    try {
      await client.connect()
      await client.query(`listen ${CHANNEL}`)
    } catch (error) {
      this.#log.debug('queue.signal-lost', { error: String(error) })
      return again()
    }
    if (this.#closed) return void client.end().catch(() => {})
    this.#client = client
    this.#wait = RECONNECT_MS.first
  }

  /** Tells the other nodes, soon and together with what comes meanwhile. */
  tell(work: readonly Announced[]): void {
    for (const lane of work) {
      const key = `${lane.queue}\n${lane.tenant}\n${lane.lane}`
      if (!this.#gathered.get(key)?.probe) this.#gathered.set(key, lane)
    }
    this.#telling ??= pause(GATHER_MS).then(() => this.#send())
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  async #send(): Promise<void> {
    const lanes = [...this.#gathered.values()]
    this.#gathered.clear()
    try {
      for (const payload of payloadsOf(lanes)) await this.#client?.query('select pg_notify($1, $2)', [CHANNEL, payload])
    } catch (error) {
      this.#log.debug('queue.signal-lost', { error: String(error) })
    }
    this.#telling = null
    if (this.#gathered.size > 0) this.tell([])
  }

  #hear(payload: string): void {
    const work = lanesOf(payload)
    if (work.length > 0) this.#heard(work)
  }
}

/** Lines of queue, tenant, lane and whether it is to be probed, packed into as few payloads as hold them. */
export function payloadsOf(lanes: readonly Announced[]): string[] {
  const payloads: string[] = []
  let rows: string[] = []
  let bytes = 0
  for (const { queue, tenant, lane, probe } of lanes) {
    const row = JSON.stringify([queue, tenant, lane, ...(probe ? ['probe'] : [])])
    const size = Buffer.byteLength(row) + 1
    if (size > PAYLOAD) continue
    if (bytes + size > PAYLOAD) {
      payloads.push(`[${rows.join()}]`)
      rows = []
      bytes = 0
    }
    rows.push(row)
    bytes += size
  }
  if (rows.length > 0) payloads.push(`[${rows.join()}]`)
  return payloads
}

/** Nothing where the payload is not ours: anybody with a login may notify. */
export function lanesOf(payload: string): Announced[] {
  try {
    const rows = JSON.parse(payload) as unknown
    if (!Array.isArray(rows)) return []
    return rows.flatMap((row: unknown) => {
      if (!Array.isArray(row) || row.length < 3 || !row.every((part) => typeof part === 'string')) return []
      const [queue, tenant, lane, probe] = row as [JobQueueName, string, string, string?]
      return [{ queue, tenant: tenantId(tenant), lane, ...(probe === 'probe' ? { probe: true as const } : {}) }]
    })
  } catch {
    return []
  }
}
