import { createHash, randomUUID } from 'node:crypto'
import type {
  DueLane,
  IdempotencyRecord,
  JobCount,
  JobQuery,
  Lane,
  Store,
  TenantStore,
  TenantWrites,
} from '../../server/ports/store.ts'
import type {
  AuditRecord,
  CodeRecord,
  CopyRecord,
  DecisionInputRecord,
  GrantRecord,
  Job,
  JobRecord,
  JobState,
  KeyRecord,
  LinkFileRecord,
  MessageRecord,
  PersonRecord,
  PolicyVersionRecord,
  PortalSessionRecord,
  RecipientRecord,
  TenantId,
} from '../../shared/domain/index.ts'
import { auditText, CHAIN_START, FINAL_STATES } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { rolledBackTo } from '../../shared/policy/index.ts'

interface StoredJob {
  job: Job
  state: JobState
  leaseUntil: number
  fault: string
}

interface Rows {
  messages: Map<string, MessageRecord>
  contents: Map<string, Uint8Array>
  recipients: Map<string, RecipientRecord>
  copies: Map<string, CopyRecord>
  linkFiles: Map<string, LinkFileRecord>
  grants: Map<string, GrantRecord>
  codes: Map<string, CodeRecord>
  sessions: Map<string, PortalSessionRecord>
  audit: AuditRecord[]
  idempotent: Map<string, IdempotencyRecord>
  keys: Map<string, KeyRecord>
  people: Map<string, PersonRecord>
  versions: PolicyVersionRecord[]
  inputs: Map<string, DecisionInputRecord>
  /** Ids of messages and grants. */
  erased: Set<string>
}

const emptyRows = (): Rows => ({
  messages: new Map(),
  contents: new Map(),
  recipients: new Map(),
  copies: new Map(),
  linkFiles: new Map(),
  grants: new Map(),
  codes: new Map(),
  sessions: new Map(),
  audit: [],
  idempotent: new Map(),
  keys: new Map(),
  people: new Map(),
  versions: [],
  inputs: new Map(),
  erased: new Set(),
})

/** A copy of the tables. Records are replaced and not changed, so they need none (and a Buffer stays one). */
const kept = (all: Map<TenantId, Rows>): Map<TenantId, Rows> =>
  new Map(
    [...all].map(([tenant, rows]) => {
      const copies = Object.entries(rows).map(([name, table]) => [
        name,
        Array.isArray(table) ? [...table] : table instanceof Set ? new Set(table) : new Map(table),
      ])
      return [tenant, Object.fromEntries(copies) as Rows]
    }),
  )

const endedAt = ({ expiresAt, revokedAt }: GrantRecord) => Math.min(expiresAt, revokedAt ?? expiresAt)

/**
 * The store port in memory, as strict as a database: units of work are serial and roll back whole, leases are fenced,
 * enqueueing is idempotent, final recipient states do not move. For tests of what stands on the port.
 */
export function memoryStore(now: () => number = Date.now) {
  let rows = new Map<TenantId, Rows>()
  let jobs = new Map<string, StoredJob>()
  let failNextCommit: Error | null = null
  /** Jobs so far: their ids rise as those of a database do. */
  let made = 0
  let turn: Promise<unknown> = Promise.resolve()
  const listeners = new Set<(work: readonly Lane[]) => void>()
  const of = (tenant: TenantId): Rows => {
    if (!rows.has(tenant)) rows.set(tenant, emptyRows())
    return rows.get(tenant)!
  }

  function leased(job: Job): StoredJob {
    const stored = jobs.get(job.id)
    if (stored?.state !== 'leased' || stored.job.leaseToken !== job.leaseToken || stored.job.tenant !== job.tenant)
      throw new Fault('lease-lost')
    return stored
  }

  function move(tenant: TenantId, id: string, from: JobState[], how: (stored: StoredJob) => unknown): JobRecord | null {
    const stored = jobs.get(id)
    if (stored?.job.tenant !== tenant || !from.includes(stored.state)) return null
    how(stored)
    return recordOf(stored.job, stored.state, stored)
  }

  function operations(tenant: TenantId): TenantWrites {
    const found = <T>(values: Iterable<T>, test: (value: T) => boolean) => [...values].filter(test)
    const isOver = ({ id, state }: MessageRecord, deadBy: number): boolean =>
      state !== 'done' &&
      [...of(tenant).recipients.values()].every((r) => r.message !== id || FINAL_STATES.includes(r.state)) &&
      [...jobs.values()].every(
        ({ job, state }) =>
          job.tenant !== tenant ||
          job.message !== id ||
          state === 'done' ||
          (state === 'dead' && job.createdAt <= deadBy),
      )
    return {
      async message(id) {
        return of(tenant).messages.get(id) ?? null
      },
      async content(id) {
        return of(tenant).contents.get(id) ?? null
      },
      async notDoneBlobs({ since, limit, before }) {
        const { messages, contents } = of(tenant)
        return found(
          messages.values(),
          (m) => m.state !== 'done' && m.acceptedAt >= since && !contents.has(m.id) && (!before || m.id < before),
        )
          .sort((a, b) => (a.id < b.id ? 1 : -1))
          .slice(0, limit)
          .map(({ id, blob }) => ({ id, blob }))
      },
      async messages({ limit, before, sender }) {
        return found(
          of(tenant).messages.values(),
          (m) => (!before || m.id < before) && (!sender || m.envelope.mailFrom === sender),
        )
          .sort((a, b) => (a.id < b.id ? 1 : -1))
          .slice(0, limit)
      },
      async recipients(message) {
        return found(of(tenant).recipients.values(), (r) => r.message === message)
      },
      async copies(message) {
        return found(of(tenant).copies.values(), (c) => c.message === message)
      },
      async copy(id) {
        return of(tenant).copies.get(id) ?? null
      },
      async copyToSend(id) {
        const copy = of(tenant).copies.get(id)
        const message = copy && of(tenant).messages.get(copy.message)
        if (!copy || !message) return null
        const { decision: _, ...received } = message
        return { copy, message: received }
      },
      async linkFiles(message) {
        return found(of(tenant).linkFiles.values(), (f) => f.message === message)
      },
      async linkFile(id) {
        return of(tenant).linkFiles.get(id) ?? null
      },
      async grantByToken(hash) {
        return found(of(tenant).grants.values(), (g) => g.tokenHash === hash)[0] ?? null
      },
      async grant(id) {
        return of(tenant).grants.get(id) ?? null
      },
      async grants(message) {
        return found(of(tenant).grants.values(), (g) => g.message === message)
      },
      async code(grant, channel) {
        return (
          found(of(tenant).codes.values(), (c) => c.grant === grant && c.channel === channel && c.usedAt === null).at(
            -1,
          ) ?? null
        )
      },
      async portalSession(hash) {
        return of(tenant).sessions.get(hash) ?? null
      },
      async audit({ message, afterSeq = 0, limit }) {
        return found(of(tenant).audit, (a) => a.seq > afterSeq && (!message || a.message === message)).slice(0, limit)
      },
      async idempotent(client, key) {
        return of(tenant).idempotent.get(`${client}\n${key}`) ?? null
      },
      async keys({ id, kind, use, address }) {
        return found(
          of(tenant).keys.values(),
          (k) =>
            (!id || k.id === id) &&
            (!kind || k.kind === kind) &&
            (!use || k.use === use) &&
            (!address || k.address === address),
        )
      },
      async person(address) {
        return of(tenant).people.get(address) ?? null
      },
      async messagesCalled(rfcMessageIds) {
        return found(of(tenant).messages.values(), (m) => rfcMessageIds.includes(m.rfcMessageId))
      },
      async peopleWithRole(role) {
        return found(of(tenant).people.values(), (p) => p.role === role).sort((a, b) =>
          a.address.localeCompare(b.address),
        )
      },
      async overMessages({ deadBy, look, after = '' }) {
        const notDone = found(of(tenant).messages.values(), ({ id, state }) => state !== 'done' && id > after)
        const looked = notDone.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, look)
        const over = looked.filter((message) => isOver(message, deadBy)).map(({ id }) => id)
        return { over, last: looked.length < look ? null : (looked.at(-1)?.id ?? null) }
      },
      async unerased(limit) {
        return found(of(tenant).messages.values(), (m) => m.state === 'done' && !of(tenant).erased.has(m.id))
          .slice(0, limit)
          .map(({ id, blob }) => ({ id, blob: of(tenant).contents.has(id) ? null : blob }))
      },
      async copyBlobs(messages) {
        const apart = ({ id, blob, head, bodyStart }: CopyRecord) => !head || (bodyStart !== null && blob === id)
        return found(of(tenant).copies.values(), (c) => messages.includes(c.message) && apart(c)).map(
          ({ message, blob }) => ({ message, blob }),
        )
      },
      async messagesWithEndedGrants(endedBy, limit) {
        const ended = found(of(tenant).grants.values(), (g) => endedAt(g) <= endedBy && !of(tenant).erased.has(g.id))
        return [...new Set(ended.map((g) => g.message))].slice(0, limit)
      },
      async grantOfContent(blob) {
        return found(of(tenant).grants.values(), (g) => g.content?.blob === blob)[0] ?? null
      },
      async policyVersions({ limit, before = Number.POSITIVE_INFINITY }) {
        return of(tenant)
          .versions.filter(({ serial }) => serial < before)
          .toReversed()
          .slice(0, limit)
          .map(({ bundle, ...summary }) => ({ ...summary, rollbackTo: rolledBackTo(bundle) }))
      },
      async policyVersion(serial) {
        const { versions } = of(tenant)
        return (serial === undefined ? versions.at(-1) : versions.find((one) => one.serial === serial)) ?? null
      },
      async decisionInputs({ since, before, limit }) {
        const place = ({ at, message }: Pick<DecisionInputRecord, 'at' | 'message'>) =>
          `${String(at).padStart(16, '0')} ${message}`
        return found(of(tenant).inputs.values(), (one) => one.at >= since && (!before || place(one) < place(before)))
          .sort((a, b) => (place(a) > place(b) ? -1 : 1))
          .slice(0, limit)
      },
      async jobs(query) {
        return [...jobs.values()]
          .filter(({ job, state }) => job.tenant === tenant && state !== 'done' && matches(recordOf(job, state), query))
          .map((stored) => recordOf(stored.job, stored.state, stored))
          .sort((x, y) => (x.id < y.id ? -1 : 1))
          .slice(0, query.limit)
      },
      async job(id) {
        const stored = jobs.get(id)
        return stored?.job.tenant === tenant ? recordOf(stored.job, stored.state, stored) : null
      },
      async jobCounts() {
        const groups = new Map<string, JobCount>()
        for (const { job, state } of jobs.values()) {
          if (job.tenant !== tenant || state === 'done') continue
          const { queue, lane, createdAt, runAt } = job
          const known = groups.get(`${queue}\n${lane}\n${state}`)
          groups.set(`${queue}\n${lane}\n${state}`, {
            queue,
            lane,
            state,
            count: (known?.count ?? 0) + 1,
            oldest: Math.min(known?.oldest ?? createdAt, createdAt),
            due: Math.min(known?.due ?? runAt, runAt),
          })
        }
        return [...groups].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, group]) => group)
      },
      async waiting({ limit, after = '' }) {
        return found(
          of(tenant).recipients.values(),
          (r) => (r.state === 'held' || r.state === 'quarantined') && r.message > after,
        )
          .sort((x, y) => (x.message < y.message ? -1 : x.message > y.message ? 1 : 0))
          .slice(0, limit)
      },
      async holdJob(id, why) {
        return move(tenant, id, ['ready'], (stored) => Object.assign(stored, { state: 'held', fault: why }))
      },
      async releaseJob(id) {
        return move(tenant, id, ['held'], (stored) => Object.assign(stored, { state: 'ready' }))
      },
      async retryJob(id, again) {
        return move(tenant, id, ['ready', 'held', 'dead'], (stored) => {
          stored.state = 'ready'
          stored.job = { ...stored.job, ...again, attempt: 0, dots: 0 }
        })
      },
      async dropJob(id, why) {
        return move(tenant, id, ['ready', 'held', 'dead'], (stored) =>
          Object.assign(stored, { state: 'done', fault: why }),
        )
      },
      async insertPolicyVersion(version) {
        const { versions } = of(tenant)
        if ((versions.at(-1)?.serial ?? 0) >= version.serial) return false
        versions.push(version)
        return true
      },
      async putDecisionInput(record) {
        of(tenant).inputs.set(record.message, record)
      },
      async finishMessages({ deadBy, among }) {
        const over = found(of(tenant).messages.values(), (m) => among.includes(m.id) && isOver(m, deadBy))
        for (const message of over) of(tenant).messages.set(message.id, { ...message, state: 'done' })
        return over.map(({ id }) => id)
      },
      async markErased(messages) {
        for (const id of messages) if (of(tenant).messages.has(id)) of(tenant).erased.add(id)
        for (const id of messages) of(tenant).contents.delete(id)
        for (const [id, copy] of of(tenant).copies)
          if (messages.includes(copy.message)) of(tenant).copies.set(id, { ...copy, head: null })
      },
      async markGrantsErased(message, endedBy) {
        const { grants, erased } = of(tenant)
        const open = found(grants.values(), (g) => g.message === message && endedAt(g) <= endedBy && !erased.has(g.id))
        for (const { id } of open) erased.add(id)
        return open.map(({ id }) => id)
      },
      async purge(what, by, limit) {
        const { codes, sessions, idempotent, inputs, messages } = of(tenant)
        const take = <T>(map: Map<string, T>, over: (value: T) => boolean) => {
          const gone = [...map].filter(([, value]) => over(value)).slice(0, limit)
          for (const [key] of gone) map.delete(key)
          return gone.length
        }
        switch (what) {
          case 'codes':
            return take(codes, (code) => code.expiresAt <= by)
          case 'sessions':
            return take(sessions, (session) => session.expiresAt <= by)
          case 'idempotency':
            return take(idempotent, (record) => record.createdAt <= by)
          case 'inputs':
            return take(inputs, (record) => record.at <= by)
          case 'jobs':
            return take(
              jobs,
              ({ job, state }) =>
                job.tenant === tenant &&
                job.createdAt <= by &&
                (state === 'done' || (state === 'dead' && job.message !== null)) &&
                (job.message === null || messages.get(job.message)?.state === 'done'),
            )
        }
      },
      async insertMessage(message, recipients, content) {
        if (of(tenant).messages.has(message.id)) throw new Error(`unique: message ${message.id}`)
        of(tenant).messages.set(message.id, message)
        if (content) of(tenant).contents.set(message.id, Buffer.from(content))
        for (const address of recipients) {
          const key = `${message.id}\n${address}`
          if (of(tenant).recipients.has(key)) throw new Error(`unique: recipient ${address}`)
          of(tenant).recipients.set(key, {
            message: message.id,
            address,
            state: 'pending',
            copy: null,
            detail: '',
            receipt: null,
            updatedAt: message.acceptedAt,
          })
        }
      },
      async updateMessage(id, patch) {
        const message = of(tenant).messages.get(id)
        if (message) of(tenant).messages.set(id, { ...message, ...patch })
      },
      async updateRecipient(message, address, { at, ...patch }) {
        const key = `${message}\n${address}`
        const row = of(tenant).recipients.get(key)
        if (!row || FINAL_STATES.includes(row.state)) return false
        if (patch.copy !== undefined && row.copy !== null) return false
        of(tenant).recipients.set(key, { ...row, ...patch, updatedAt: at })
        return true
      },
      async insertCopy(copy) {
        if (of(tenant).copies.has(copy.id)) throw new Error(`unique: copy ${copy.id}`)
        of(tenant).copies.set(copy.id, copy)
      },
      async insertLinkFile(file) {
        of(tenant).linkFiles.set(file.id, file)
      },
      async insertGrant(grant) {
        of(tenant).grants.set(grant.id, grant)
      },
      async revokeGrants(message, at) {
        const open = found(of(tenant).grants.values(), (g) => g.message === message && g.revokedAt === null)
        for (const grant of open) of(tenant).grants.set(grant.id, { ...grant, revokedAt: at })
        return open.length
      },
      async insertCode(code) {
        of(tenant).codes.set(code.id, code)
      },
      async updateCode(id, patch) {
        const code = of(tenant).codes.get(id)
        if (!code || code.usedAt !== null) return false
        if (patch.attempts !== undefined && patch.attempts <= code.attempts) return false
        of(tenant).codes.set(id, { ...code, ...patch })
        return true
      },
      async putPortalSession(session) {
        of(tenant).sessions.set(session.tokenHash, session)
      },
      async deletePortalSession(hash) {
        of(tenant).sessions.delete(hash)
      },
      async enqueue(specs) {
        for (const spec of specs) {
          const same = ({ job }: StoredJob) =>
            job.tenant === tenant &&
            job.message === spec.message &&
            job.queue === spec.queue &&
            job.lane === spec.lane &&
            job.step === spec.step
          if ([...jobs.values()].some(same)) continue
          const id = `00000000-0000-7000-8000-${String(++made).padStart(12, '0')}`
          const job: Job = { ...spec, id, tenant, attempt: 0, leaseToken: '', createdAt: now(), dots: 0 }
          jobs.set(job.id, { job, state: 'ready', leaseUntil: 0, fault: '' })
        }
      },
      async appendAudit(event) {
        const log = of(tenant).audit
        const hash = createHash('sha256')
          .update((log.at(-1)?.hash ?? CHAIN_START) + auditText(event))
          .digest('hex')
        const record = { ...event, seq: log.length + 1, hash }
        log.push(record)
        return record
      },
      async insertIdempotent(record) {
        const key = `${record.client}\n${record.key}`
        if (of(tenant).idempotent.has(key)) return false
        of(tenant).idempotent.set(key, record)
        return true
      },
      async completeIdempotent(client, key, response) {
        const record = of(tenant).idempotent.get(`${client}\n${key}`)
        if (record) of(tenant).idempotent.set(`${client}\n${key}`, { ...record, response })
      },
      async putKey(key) {
        of(tenant).keys.set(key.id, key)
      },
      async deleteKey(id) {
        of(tenant).keys.delete(id)
      },
      async putPerson(person) {
        of(tenant).people.set(person.address, person)
      },
      async completeJob(job) {
        if (job.tenant !== tenant) throw new Fault('lease-lost')
        leased(job).state = 'done'
      },
    }
  }

  function tenantStore(tenant: TenantId): TenantStore {
    const all = operations(tenant)
    return {
      tenant,
      read: all,
      write(work) {
        const unit = turn.then(async () => {
          const before = { rows: kept(rows), jobs: new Map([...jobs].map(([id, stored]) => [id, { ...stored }])) }
          try {
            const result = await work(all)
            if (failNextCommit) {
              const error = failNextCommit
              failNextCommit = null
              throw error
            }
            const made = [...jobs.values()].filter(({ job }) => !before.jobs.has(job.id) && job.runAt <= now())
            if (made.length > 0)
              queueMicrotask(() => {
                for (const listener of listeners) listener(made.map(({ job }) => laneOf(job)))
              })
            return result
          } catch (error) {
            rows = before.rows
            jobs = before.jobs
            throw error
          }
        })
        turn = unit.catch(() => {})
        return unit
      },
    }
  }

  const store: Store = {
    tenant: tenantStore,
    queue: {
      async claim(wants, leaseMs) {
        const claimed: Job[] = []
        for (const want of wants) {
          const due = [...jobs.values()]
            .filter(
              ({ job, state }) =>
                state === 'ready' && keyOf(job) === keyOf(want) && job.runAt <= Math.min(now(), want.dueBy ?? now()),
            )
            .sort((a, b) => a.job.runAt - b.job.runAt)
            .slice(0, want.limit)
          for (const stored of due) {
            stored.state = 'leased'
            stored.leaseUntil = now() + leaseMs
            stored.job = { ...stored.job, attempt: stored.job.attempt + 1, leaseToken: randomUUID() }
            claimed.push(stored.job)
          }
        }
        return claimed
      },
      async lanes(queues) {
        const found = new Map<string, DueLane>()
        for (const { job, state } of jobs.values()) {
          if (state !== 'ready' || job.runAt > now() || !queues.includes(job.queue)) continue
          const due = Math.min(found.get(keyOf(job))?.due ?? job.runAt, job.runAt)
          found.set(keyOf(job), { ...laneOf(job), due })
        }
        return [...found.values()].sort((a, b) => a.due - b.due)
      },
      async extend(job, leaseMs) {
        leased(job).leaseUntil = now() + leaseMs
      },
      async beginDot(job) {
        const stored = leased(job)
        stored.job = { ...stored.job, dots: stored.job.dots + 1 }
      },
      async complete(job) {
        leased(job).state = 'done'
      },
      async retry(job, runAt, fault) {
        const stored = leased(job)
        Object.assign(stored, { state: 'ready', fault, job: { ...stored.job, runAt } })
      },
      async bury(job, fault, alongside) {
        await tenantStore(job.tenant as TenantId).write(async (tx) => {
          Object.assign(leased(job), { state: 'dead', fault })
          await alongside?.(tx, job)
        })
      },
      async reap(maxCrashes, alongside) {
        const dead: Job[] = []
        for (const stored of jobs.values()) {
          if (stored.state !== 'leased' || stored.leaseUntil > now()) continue
          if (stored.job.attempt >= maxCrashes) dead.push(stored.job)
          else stored.state = 'ready'
        }
        for (const job of dead)
          await tenantStore(job.tenant as TenantId).write(async (tx) => {
            leased(job).state = 'dead'
            await alongside?.(tx, job)
          })
        return dead
      },
      onWork(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      async available() {},
    },
    async close() {},
  }
  return Object.assign(store, {
    /** All jobs with their state, in order of creation. */
    jobs: () => [...jobs.values()].map(({ job, state, fault }) => ({ ...job, state, fault })),
    /** Messages that stand in rows, of all tenants. */
    contents: () => [...rows.values()].flatMap(({ contents }) => [...contents.values()].map((one) => Buffer.from(one))),
    /** The next unit of work throws this at its commit. */
    failCommit(error: Error) {
      failNextCommit = error
    },
  })
}

function recordOf(job: Job, state: JobState, stored?: StoredJob): JobRecord {
  const { tenant: _, leaseToken: __, ...rest } = job
  const leaseUntil = state === 'leased' ? (stored?.leaseUntil ?? null) : null
  return { ...rest, state, crashes: 0, leaseUntil, lastFault: stored?.fault ?? '' }
}

const matches = (job: JobRecord, { after, madeBy, ...query }: JobQuery) =>
  (after === undefined || job.id > after) &&
  (madeBy === undefined || job.createdAt <= madeBy) &&
  (['queue', 'lane', 'state', 'message'] as const).every((key) => query[key] === undefined || query[key] === job[key])

const laneOf = ({ queue, tenant, lane }: Job): Lane => ({ queue, tenant: tenant as TenantId, lane })

const keyOf = ({ queue, tenant, lane }: Pick<Job, 'queue' | 'tenant' | 'lane'>) => `${queue}\n${tenant}\n${lane}`
