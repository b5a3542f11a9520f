import { createHash, randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../server/ports/clock.ts'
import { IN_ROW, type Lane, type Store, type TenantStore, type TenantWrites } from '../../server/ports/store.ts'
import {
  type AuditEvent,
  type CopyRecord,
  FINAL_STATES,
  firstBrokenLink,
  type Job,
  type JobSpec,
  type MessageId,
  type RecipientState,
  tenantId,
} from '../../shared/domain/index.ts'
import { rollbackTo } from '../../shared/policy/index.ts'
import { claimDue } from '../support/claim.ts'
import * as make from './store-records.ts'

const A = tenantId('alpha')
const B = tenantId('beta')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const fault = (code: string) => expect.objectContaining({ code })

/** A clock that the test moves. */
export interface TestClock extends Clock {
  time: number
}

/**
 * The behaviour that every store has, whatever is under it. `open` gives an empty store. `uncommittedReads` is for one in
 * memory whose reads see what a running unit writes.
 */
export function storeContract(
  name: string,
  open: (clock: TestClock) => Promise<Store>,
  { uncommittedReads = false } = {},
): void {
  describe(`${name} keeps the store's contract`, () => {
    let clock: TestClock
    let store: Store
    let a: TenantStore
    let b: TenantStore

    beforeEach(async () => {
      clock = {
        time: 1_800_000_000_000,
        now() {
          return this.time
        },
      }
      store = await open(clock)
      a = store.tenant(A)
      b = store.tenant(B)
    })
    afterEach(() => store.close())

    /** A message with two recipients; answers its id. */
    async function accept(tenant: TenantStore, jobs: readonly Partial<JobSpec>[] = []): Promise<MessageId> {
      const message = make.message(clock.now())
      await tenant.write(async (tx) => {
        await tx.insertMessage(message, ['one@peer.example', 'two@peer.example'])
        await tx.enqueue(jobs.map((spec) => make.job({ message: message.id, runAt: clock.now(), ...spec })))
      })
      return message.id
    }

    describe('records', () => {
      test('come back as they went in', async () => {
        const message = make.message(1)
        const copy = make.copy(message.id)
        const file = make.linkFile(message.id)
        const grant = make.grant(message.id)
        const code = make.code(grant.id)
        const session = make.session(grant.id)
        const key = make.key()
        const person = make.person('anna@alpha.example', 'ciso')
        await a.write(async (tx) => {
          await tx.insertMessage(message, ['b@peer.example', 'a@peer.example'])
          await tx.insertCopy(copy)
          await tx.insertLinkFile(file)
          await tx.insertGrant(grant)
          await tx.insertCode(code)
          await tx.putPortalSession(session)
          await tx.putKey(key)
          await tx.putPerson(person)
          // The same inside the unit as outside.
          expect(await tx.message(message.id)).toEqual(message)
        })
        expect(await a.read.message(message.id)).toEqual(message)
        expect(
          (await a.read.recipients(message.id)).map((r) => [r.address, r.state, r.copy, r.receipt, r.updatedAt]),
        ).toEqual([
          ['b@peer.example', 'pending', null, null, message.acceptedAt],
          ['a@peer.example', 'pending', null, null, message.acceptedAt],
        ])
        expect(await a.read.copy(copy.id)).toEqual(copy)
        expect(await a.read.copies(message.id)).toEqual([copy])
        const { decision: _, ...received } = message
        expect(await a.read.copyToSend(copy.id)).toEqual({ copy, message: received })
        expect([await a.read.copyToSend('other'), await b.read.copyToSend(copy.id)]).toEqual([null, null])
        expect(await a.read.linkFile(file.id)).toEqual(file)
        expect(await a.read.linkFiles(message.id)).toEqual([file])
        expect(await a.read.grant(grant.id)).toEqual(grant)
        expect(await a.read.grantByToken(grant.tokenHash)).toEqual(grant)
        expect(await a.read.grants(message.id)).toEqual([grant])
        expect(await a.read.code(grant.id, 'mail')).toEqual(code)
        expect(await a.read.code(grant.id, 'sms')).toBeNull()
        expect(await a.read.portalSession(session.tokenHash)).toEqual(session)
        const [stored] = await a.read.keys({ kind: key.kind, use: key.use, address: key.address })
        expect({ ...stored, sealedPrivate: Buffer.from(stored!.sealedPrivate!).toString('hex') }).toEqual({
          ...key,
          sealedPrivate: Buffer.from(key.sealedPrivate!).toString('hex'),
        })
        expect(await a.read.person(person.address)).toEqual(person)
        expect(await a.read.peopleWithRole('ciso')).toEqual([person])
      })

      test('messages are found by their Message-ID, in their own tenant', async () => {
        const id = await accept(a)
        const message = (await a.read.message(id))!
        expect(await a.read.messagesCalled(['none@x', message.rfcMessageId])).toContainEqual(message)
        expect(await a.read.messagesCalled([])).toEqual([])
        expect((await b.read.messagesCalled([message.rfcMessageId])).map((one) => one.id)).not.toContain(id)
      })

      test('what is not there is null or empty', async () => {
        const none = randomUUID() as string as MessageId
        expect(await a.read.message(none)).toBeNull()
        expect(await a.read.recipients(none)).toEqual([])
        expect(await a.read.grantByToken('x')).toBeNull()
        expect(await a.read.person('x')).toBeNull()
        expect(await a.read.keys({})).toEqual([])
      })

      test('messages come newest first, by sender and page', async () => {
        const ids: MessageId[] = []
        for (let i = 0; i < 5; i++) {
          clock.time += 10
          ids.unshift(await accept(a))
        }
        const all = (await a.read.messages({ limit: 10 })).map((m) => m.id)
        expect(all).toEqual(ids)
        expect((await a.read.messages({ limit: 2, before: ids[1]! })).map((m) => m.id)).toEqual(ids.slice(2, 4))
        expect(await a.read.messages({ limit: 9, sender: 'Sender@alpha.example' })).toHaveLength(5)
        expect(await a.read.messages({ limit: 9, sender: 'other@alpha.example' })).toEqual([])
      })

      test('a message changes its state and decision', async () => {
        const id = await accept(a)
        await a.write((tx) => tx.updateMessage(id, { state: 'planned', decision: make.decision }))
        expect(await a.read.message(id)).toMatchObject({ state: 'planned', decision: make.decision })
        await a.write((tx) => tx.updateMessage(id, { state: 'done' }))
        expect(await a.read.message(id)).toMatchObject({ state: 'done', decision: make.decision })
      })

      test('keys and people are replaced by their id', async () => {
        const key = make.key()
        await a.write((tx) => tx.putKey(key))
        await a.write((tx) => tx.putKey({ ...key, revokedAt: 5, sealedPrivate: null }))
        expect(await a.read.keys({ kind: key.kind })).toEqual([{ ...key, revokedAt: 5, sealedPrivate: null }])
        await a.write((tx) => tx.deleteKey(key.id))
        expect(await a.read.keys({})).toEqual([])
        await a.write((tx) => tx.putPerson(make.person('a@alpha.example', 'x')))
        await a.write((tx) => tx.putPerson(make.person('a@alpha.example', 'y')))
        expect(await a.read.peopleWithRole('x')).toEqual([])
        expect(await a.read.peopleWithRole('y')).toHaveLength(1)
      })

      test('grants are revoked once', async () => {
        const id = await accept(a)
        await a.write((tx) => tx.insertGrant(make.grant(id)))
        expect(await a.write((tx) => tx.revokeGrants(id, 77))).toBe(1)
        expect(await a.write((tx) => tx.revokeGrants(id, 88))).toBe(0)
        expect((await a.read.grants(id))[0]!.revokedAt).toBe(77)
      })

      test('a code counts each attempt once and is used once', async () => {
        const id = await accept(a)
        const grant = make.grant(id)
        const code = make.code(grant.id)
        await a.write(async (tx) => {
          await tx.insertGrant(grant)
          await tx.insertCode(code)
        })
        expect(await a.write((tx) => tx.updateCode(code.id, { attempts: 1 }))).toBe(true)
        expect(await a.write((tx) => tx.updateCode(code.id, { attempts: 1 }))).toBe(false)
        expect(await a.write((tx) => tx.updateCode(code.id, { usedAt: 9 }))).toBe(true)
        expect(await a.write((tx) => tx.updateCode(code.id, { usedAt: 10 }))).toBe(false)
        expect(await a.write((tx) => tx.updateCode(code.id, { attempts: 2 }))).toBe(false)
        expect(await a.read.code(grant.id, 'mail')).toBeNull()
      })

      test('a portal session gains factors and ends', async () => {
        const id = await accept(a)
        const grant = make.grant(id)
        const session = make.session(grant.id)
        await a.write(async (tx) => {
          await tx.insertGrant(grant)
          await tx.putPortalSession({ ...session, factors: [] })
        })
        await a.write((tx) => tx.putPortalSession({ ...session, factors: ['code', 'sms'] }))
        expect(await a.read.portalSession(session.tokenHash)).toMatchObject({ factors: ['code', 'sms'] })
        await a.write((tx) => tx.deletePortalSession(session.tokenHash))
        expect(await a.read.portalSession(session.tokenHash)).toBeNull()
      })

      test('an idempotency key is taken once', async () => {
        const record = { client: 'erp', key: 'k', bodyHash: 'h', response: null, createdAt: 1 }
        expect(await a.write((tx) => tx.insertIdempotent(record))).toBe(true)
        expect(await a.write((tx) => tx.insertIdempotent({ ...record, bodyHash: 'other' }))).toBe(false)
        await a.write((tx) => tx.completeIdempotent('erp', 'k', { status: 202, body: '{}' }))
        expect(await a.read.idempotent('erp', 'k')).toEqual({ ...record, response: { status: 202, body: '{}' } })
        expect(await a.read.idempotent('crm', 'k')).toBeNull()
      })
    })

    describe('a unit of work', () => {
      test('is all or nothing', async () => {
        const message = make.message(1)
        const broken = a.write(async (tx) => {
          await tx.insertMessage(message, ['x@peer.example'])
          await tx.enqueue([make.job({ message: message.id })])
          await tx.appendAudit(make.event(message.id))
          throw new Error('stop')
        })
        await expect(broken).rejects.toThrow('stop')
        expect(await a.read.message(message.id)).toBeNull()
        expect(await a.read.audit({ limit: 9 })).toEqual([])
        expect(await claimDue(store.queue, ['process'], 9, 1000)).toEqual([])
      })

      test('fails alone among units that run at the same time', async () => {
        const units = Array.from({ length: 40 }, (_, i) =>
          a.write(async (tx) => {
            await tx.appendAudit(make.event(null, { i }))
            if (i % 3 === 0) throw new Error(`unit ${i}`)
            return i
          }),
        )
        const settled = await Promise.allSettled(units)
        const kept = settled.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []))
        expect(kept).toHaveLength(26)
        const records = await a.read.audit({ limit: 99 })
        // In whatever order they came to their turn.
        expect(records.map((r) => Number(r.detail.i)).sort((x, y) => x - y)).toEqual(kept)
        expect(firstBrokenLink(records, sha256)).toBeNull()
      })

      test.skipIf(uncommittedReads)('is seen by others only after it resolved', async () => {
        const message = make.message(1)
        let seen: unknown = 'not asked'
        let leaked: TenantWrites | undefined
        await a.write(async (tx) => {
          leaked = tx
          await tx.insertMessage(message, [])
          seen = await a.read.message(message.id)
        })
        expect(seen).toBeNull()
        expect(await a.read.message(message.id)).not.toBeNull()
        await expect(leaked!.appendAudit(make.event(null))).rejects.toEqual(fault('internal'))
      })
    })

    describe('recipients', () => {
      test.each(FINAL_STATES)('never leave %s', async (final) => {
        const id = await accept(a)
        const move = (patch: { state?: 'pending' | 'failed' | typeof final; detail?: string }) =>
          a.write((tx) => tx.updateRecipient(id, 'one@peer.example', { ...patch, at: 5 }))
        expect(await move({ state: final, detail: 'first' })).toBe(true)
        expect(await move({ state: 'pending', detail: 'second' })).toBe(false)
        expect(await move({ state: 'failed' })).toBe(false)
        expect(await move({ detail: 'third' })).toBe(false)
        const [one, two] = await a.read.recipients(id)
        expect(one).toMatchObject({ state: final, detail: 'first', updatedAt: 5 })
        expect(two).toMatchObject({ state: 'pending' })
      })

      test('keep what a change does not name', async () => {
        const id = await accept(a)
        const receipt = { method: 'smime', layers: ['CMS'], links: [], rules: ['r1'] }
        await a.write((tx) => tx.updateRecipient(id, 'one@peer.example', { copy: 'c1', receipt, at: 2 }))
        // Of two that decide at once one gives the copy.
        expect(await a.write((tx) => tx.updateRecipient(id, 'one@peer.example', { copy: 'c2', at: 2 }))).toBe(false)
        await a.write((tx) => tx.updateRecipient(id, 'one@peer.example', { state: 'held', at: 3 }))
        expect((await a.read.recipients(id))[0]).toMatchObject({ state: 'held', copy: 'c1', receipt, updatedAt: 3 })
        expect(await a.write((tx) => tx.updateRecipient(id, 'nobody@peer.example', { at: 4 }))).toBe(false)
      })
    })

    describe('the audit chain', () => {
      test('numbers and links events per tenant, and shows tampering', async () => {
        await Promise.all(
          Array.from({ length: 30 }, (_, i) =>
            (i % 2 ? a : b).write((tx) => tx.appendAudit(make.event(null, { i, text: 'ä€\u2028"' }))),
          ),
        )
        for (const tenant of [a, b]) {
          const records = await tenant.read.audit({ limit: 99 })
          expect(records.map((r) => r.seq)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1))
          expect(firstBrokenLink(records, sha256)).toBeNull()
          const forged = records.map((r) => (r.seq === 7 ? { ...r, actor: 'somebody else' } : r))
          expect(firstBrokenLink(forged, sha256)).toBe(7)
          expect(
            firstBrokenLink(
              records.filter((r) => r.seq !== 3),
              sha256,
            ),
          ).toBe(4)
        }
      })

      test('is read by message and from a place in it', async () => {
        const id = await accept(a)
        const events: AuditEvent[] = [make.event(id, { n: 1 }), make.event(null), make.event(id, { n: 2 })]
        const written = await a.write(async (tx) => {
          const records = []
          for (const event of events) records.push(await tx.appendAudit(event))
          return records
        })
        expect(await a.read.audit({ message: id, limit: 9 })).toEqual([written[0], written[2]])
        expect(await a.read.audit({ afterSeq: 1, limit: 1 })).toEqual([written[1]])
        expect(written.map(({ seq: _, hash: __, ...event }) => event)).toEqual(events)
      })
    })

    describe('the queue', () => {
      test('gives each due job to one worker, longest due first', async () => {
        const at = clock.now()
        await accept(a, [
          { step: 'late', runAt: at },
          { step: 'early', runAt: at - 10 },
          { step: 'future', runAt: at + 1000 },
          { step: 'other', queue: 'deliver', runAt: at - 5 },
        ])
        const first = await claimDue(store.queue, ['process'], 1, 1000)
        expect(first.map((j) => j.step)).toEqual(['early'])
        const together = ['deliver', 'process'] as const
        const claims = [first, ...(await Promise.all(together.map(() => claimDue(store.queue, together, 5, 1000))))]
        expect(
          claims
            .flat()
            .map((j) => j.step)
            .sort(),
        ).toEqual(['early', 'late', 'other'])
        expect(claims.flat().every((j) => j.tenant === A && j.attempt === 1 && j.leaseToken !== '')).toBe(true)
        clock.time += 1000
        expect((await claimDue(store.queue, ['process'], 5, 1000)).map((j) => j.step)).toEqual(['future'])
      })

      test('gives the jobs of the wanted lanes only, each up to its limit and in order of time', async () => {
        const at = clock.now()
        const job = (lane: string, step: string, ago: number) =>
          make.job({ queue: 'deliver', lane, step, runAt: at - ago })
        await a.write((tx) => tx.enqueue([job('x', '1', 1), job('x', '3', 3), job('x', '2', 2), job('y', '1', 9)]))
        await b.write((tx) => tx.enqueue([job('x', 'other', 5), job('x', 'later', -1)]))
        expect(await store.queue.lanes(['process'])).toEqual([])
        expect(await store.queue.lanes(['process', 'deliver'])).toEqual([
          { queue: 'deliver', tenant: A, lane: 'y', due: at - 9 },
          { queue: 'deliver', tenant: B, lane: 'x', due: at - 5 },
          { queue: 'deliver', tenant: A, lane: 'x', due: at - 3 },
        ])
        const want = { queue: 'deliver', tenant: A, lane: 'x', limit: 2 } as const
        const named = (jobs: Job[]) => jobs.map(({ tenant, lane, step }) => `${tenant} ${lane} ${step}`)
        expect(await store.queue.claim([{ ...want, queue: 'process' }], 1000)).toEqual([])
        expect(named(await store.queue.claim([want, { ...want, tenant: B, limit: 9 }], 1000))).toEqual([
          `${A} x 3`,
          `${A} x 2`,
          `${B} x other`,
        ])
        expect(named(await store.queue.claim([{ ...want, limit: 0 }], 1000))).toEqual([])
        expect(named(await store.queue.claim([want], 1000))).toEqual([`${A} x 1`])
        expect((await store.queue.lanes(['deliver'])).map(({ tenant, lane }) => `${tenant} ${lane}`)).toEqual([
          `${A} y`,
        ])
      })

      test('looks at very many lanes in turns', async () => {
        const later = Array.from({ length: 1200 }, (_, n) => `l${String(n).padStart(4, '0')}`)
        const specs = later.map((lane) => make.job({ queue: 'deliver', lane, step: 's', runAt: clock.now() + 1 }))
        await a.write((tx) => tx.enqueue([...specs, make.job({ queue: 'deliver', lane: 'z', step: 's', runAt: 0 })]))
        const looks = [await store.queue.lanes(['deliver']), await store.queue.lanes(['deliver'])]
        expect(looks.flat().some(({ lane }) => lane === 'z')).toBe(true)
      })

      test('holds the same job once, with and without a message', async () => {
        const id = await accept(a, [{ step: 's' }])
        const again = make.job({ message: id, step: 's', payload: 'other', runAt: clock.now() })
        const loose = make.job({ message: null, step: 'cron', runAt: clock.now() })
        await a.write((tx) => tx.enqueue([again, loose, loose]))
        await b.write((tx) => tx.enqueue([loose]))
        const jobs = await claimDue(store.queue, ['process'], 9, 1000)
        expect(jobs.map((j) => [j.tenant, j.step, j.message]).sort()).toEqual(
          [
            [A, 's', id],
            [A, 'cron', null],
            [B, 'cron', null],
          ].sort(),
        )
        for (const job of jobs) await store.queue.complete(job)
        await a.write((tx) => tx.enqueue([again, loose]))
        expect(await claimDue(store.queue, ['process'], 9, 1000)).toEqual([])
      })

      test('fences: who lost the lease cannot end the job', async () => {
        await accept(a, [{ step: 's', payload: { n: 1 } }])
        const [slow] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        clock.time += 1001
        expect(await store.queue.reap(3)).toEqual([])
        const [next] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        expect(next).toMatchObject({ id: slow.id, attempt: 2, payload: { n: 1 } })
        expect(next.leaseToken).not.toBe(slow.leaseToken)
        await expect(store.queue.complete(slow)).rejects.toEqual(fault('lease-lost'))
        await expect(store.queue.extend(slow, 10)).rejects.toEqual(fault('lease-lost'))
        await expect(store.queue.retry(slow, 0, '')).rejects.toEqual(fault('lease-lost'))
        await expect(store.queue.bury(slow, '')).rejects.toEqual(fault('lease-lost'))
        const effect = a.write(async (tx) => {
          await tx.appendAudit(make.event(null))
          await tx.completeJob(slow)
        })
        await expect(effect).rejects.toEqual(fault('lease-lost'))
        expect(await a.read.audit({ limit: 1 })).toEqual([])
        await a.write((tx) => tx.completeJob(next))
        await expect(store.queue.complete(next)).rejects.toEqual(fault('lease-lost'))
      })

      test('keeps an extended lease', async () => {
        await accept(a, [{}])
        const [job] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        clock.time += 900
        await store.queue.extend(job, 1000)
        clock.time += 900
        await store.queue.reap(3)
        expect(await claimDue(store.queue, ['process'], 1, 1000)).toEqual([])
        await store.queue.complete(job)
      })

      test('makes a job that kills its worker poison', async () => {
        await accept(a, [{ step: 'poison' }])
        for (let crash = 1; crash <= 3; crash++) {
          expect(await claimDue(store.queue, ['process'], 1, 1000)).toHaveLength(1)
          clock.time += 2000
          expect((await store.queue.reap(3)).map((j) => j.step)).toEqual(crash < 3 ? [] : ['poison'])
        }
        expect(await claimDue(store.queue, ['process'], 1, 1000)).toEqual([])
        expect(await a.read.jobCounts()).toMatchObject([{ queue: 'process', state: 'dead', count: 1 }])
      })

      test('retries at its time and buries', async () => {
        await accept(a, [{}])
        const [job] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        await store.queue.retry(job, clock.now() + 500, 'next-hop-temporary')
        expect(await claimDue(store.queue, ['process'], 1, 1000)).toEqual([])
        clock.time += 500
        const [again] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        expect(again.attempt).toBe(2)
        await store.queue.bury(again, 'no use')
        clock.time += 100_000
        expect(await store.queue.reap(3)).toEqual([])
        expect(await claimDue(store.queue, ['process'], 1, 1000)).toEqual([])
      })

      test('takes only what has been due since a given time, where that is asked for', async () => {
        const at = clock.now()
        const job = (step: string, ago: number) => make.job({ queue: 'deliver', lane: 'x', step, runAt: at - ago })
        await a.write((tx) => tx.enqueue([job('old', 900), job('new', 1)]))
        const want = { queue: 'deliver', tenant: A, lane: 'x', limit: 9, dueBy: at - 500 } as const
        expect((await store.queue.claim([want], 1000)).map(({ step }) => step)).toEqual(['old'])
      })

      test('remembers over a crash that the final dot went out, and keeps it back from who lost the job', async () => {
        await accept(a, [{ queue: 'deliver' }])
        const [first] = (await claimDue(store.queue, ['deliver'], 1, 1000)) as [Job]
        expect(first.dots).toBe(0)
        await store.queue.beginDot(first)
        clock.time += 1001
        await store.queue.reap(9)
        const [second] = (await claimDue(store.queue, ['deliver'], 1, 1000)) as [Job]
        expect(second.dots).toBe(1)
        await expect(store.queue.beginDot(first)).rejects.toEqual(fault('lease-lost'))
        await store.queue.retry(second, clock.now(), 'again')
        const [third] = (await claimDue(store.queue, ['deliver'], 1, 1000)) as [Job]
        expect(third.dots).toBe(1)
      })

      describe('in the hand of an operator', () => {
        const lane = { queue: 'deliver', lane: 'x' } as const
        const claim = (tenant: typeof A = A) => store.queue.claim([{ ...lane, tenant, limit: 9 }], 1000)

        test('shows what is not done, by filter and page, of one tenant', async () => {
          const id = await accept(a, [{ ...lane, step: '1' }])
          clock.time += 1000
          await accept(a, [
            { ...lane, step: '2' },
            { queue: 'process', step: '3' },
          ])
          await accept(b, [{ ...lane, step: 'other' }])
          const steps = async (query: Partial<Parameters<typeof a.read.jobs>[0]>) =>
            (await a.read.jobs({ limit: 9, ...query })).map(({ step }) => step)
          const [first] = await a.read.jobs({ limit: 1 })
          expect(await steps({ queue: 'deliver' })).toEqual(['1', '2'])
          expect(await steps({ message: id })).toEqual(['1'])
          expect(await steps({ madeBy: clock.now() - 1 })).toEqual(['1'])
          expect(await steps({ after: first!.id, lane: 'x' })).toEqual(['2'])
          expect(await steps({ state: 'dead' })).toEqual([])
          expect(first).toMatchObject({ step: '1', state: 'ready', attempt: 0, crashes: 0, dots: 0, leaseUntil: null })
          expect(await b.read.job(first!.id)).toBeNull()
          for (const job of await claim()) await store.queue.complete(job)
          expect(await steps({ queue: 'deliver' })).toEqual([])
          expect(await a.read.jobCounts()).toMatchObject([{ queue: 'process', state: 'ready', count: 1 }])
        })

        test('counts by queue, lane and state with the oldest', async () => {
          const at = clock.now()
          await accept(a, [{ ...lane, step: '1' }])
          clock.time += 50
          await accept(a, [{ ...lane, step: '2', runAt: at + 500 }])
          expect(await a.read.jobCounts()).toEqual([{ ...lane, state: 'ready', count: 2, oldest: at, due: at }])
        })

        test('holds and releases what waits, and nothing else', async () => {
          await accept(a, [{ ...lane, step: '1' }])
          const [job] = await a.read.jobs({ limit: 1 })
          const { id } = job!
          expect(await a.write((tx) => tx.holdJob(id, 'why'))).toMatchObject({ state: 'held', lastFault: 'why' })
          expect(await claim()).toEqual([])
          expect(await a.write((tx) => tx.holdJob(id, 'why'))).toBeNull()
          expect(await b.write((tx) => tx.releaseJob(id))).toBeNull()
          const heard: unknown[] = []
          store.queue.onWork((work) => heard.push(...work))
          expect(await a.write((tx) => tx.releaseJob(id))).toMatchObject({ state: 'ready' })
          expect(await claim()).toHaveLength(1)
        })

        test('never touches a leased job', async () => {
          await accept(a, [{ ...lane, step: '1' }])
          const [leased] = (await claim()) as [Job]
          const again = { runAt: 0, payload: {} }
          for (const act of ['hold', 'release', 'retry', 'drop'] as const)
            expect(
              await a.write((tx) =>
                act === 'retry' ? tx.retryJob(leased.id, again) : tx[`${act}Job`](leased.id, 'why'),
              ),
            ).toBeNull()
          await store.queue.complete(leased)
        })

        test('gives a dead job a clean slate, and drops it for good', async () => {
          await accept(a, [{ ...lane, step: '1' }])
          const [leased] = (await claim()) as [Job]
          await store.queue.beginDot(leased)
          await store.queue.bury(leased, 'no use')
          const again = { runAt: clock.now(), payload: { fresh: true } }
          expect(await a.write((tx) => tx.retryJob(leased.id, again))).toMatchObject({
            state: 'ready',
            attempt: 0,
            dots: 0,
          })
          const [second] = (await claim()) as [Job]
          expect(second).toMatchObject({ attempt: 1, dots: 0, payload: { fresh: true } })
          await store.queue.bury(second, 'no use')
          expect(await a.write((tx) => tx.dropJob(second.id, 'enough'))).toMatchObject({ state: 'done' })
          expect(await a.read.jobs({ limit: 9 })).toEqual([])
          expect(await claim()).toEqual([])
        })

        test('a held job keeps its message from being tidied away', async () => {
          const id = await accept(a, [{ ...lane, step: '1' }])
          for (const { address } of await a.read.recipients(id))
            await a.write((tx) => tx.updateRecipient(id, address, { state: 'delivered', at: 1 }))
          const [job] = await a.read.jobs({ limit: 1 })
          await a.write((tx) => tx.holdJob(job!.id, 'why'))
          const finish = () => a.write((tx) => tx.finishMessages({ deadBy: clock.now(), among: [id] }))
          expect(await finish()).toEqual([])
          await a.write((tx) => tx.dropJob(job!.id, 'why'))
          expect(await finish()).toEqual([id])
        })

        test('counts long lanes exactly', async () => {
          const lanes = { far: 2_600, near: 3 }
          for (const [lane, count] of Object.entries(lanes))
            await a.write((tx) =>
              tx.enqueue(
                Array.from({ length: count }, (_, n) =>
                  make.job({ queue: 'deliver', lane, step: `${lane} ${n}`, payload: {}, runAt: 10 + n }),
                ),
              ),
            )
          await b.write((tx) => tx.enqueue([make.job({ queue: 'deliver', lane: 'far', payload: {}, runAt: 1 })]))
          expect((await a.read.jobCounts()).map(({ lane, state, count, due }) => [lane, state, count, due])).toEqual([
            ['far', 'ready', 2_600, 10],
            ['near', 'ready', 3, 10],
          ])
        })

        test('shows who waits for a person, message by message', async () => {
          const one = await accept(a)
          const two = await accept(a)
          for (const [id, state] of [
            [two, 'quarantined'],
            [one, 'held'],
          ] as const)
            for (const { address } of await a.read.recipients(id))
              await a.write((tx) => tx.updateRecipient(id, address, { state, at: 1 }))
          const seen = async (query: Partial<Parameters<typeof a.read.waiting>[0]>) => [
            ...new Set(
              (await a.read.waiting({ limit: 99, ...query })).map(({ message, state }) => `${message} ${state}`),
            ),
          ]
          expect(await seen({})).toEqual([`${one} held`, `${two} quarantined`].sort())
          expect(await seen({ after: [one, two].sort()[0]! })).toHaveLength(1)
          expect(await b.read.waiting({ limit: 9 })).toEqual([])
        })
      })

      test('writes what a dead job means with its end or not at all', async () => {
        await accept(a, [{ step: 'poison' }])
        const said = async () => (await a.read.audit({ limit: 9 })).map(({ detail }) => detail)
        const say = async (tx: TenantWrites, job: Job) => {
          await tx.appendAudit({ ...make.event(null), detail: { step: job.step } })
        }
        const fail = async (tx: TenantWrites, job: Job) => {
          await say(tx, job)
          throw new Error('stop')
        }
        const [job] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        await expect(store.queue.bury(job, 'no use', fail)).rejects.toThrow()
        await expect(store.queue.bury({ ...job, leaseToken: 'old' }, 'no use', say)).rejects.toEqual(
          fault('lease-lost'),
        )
        expect([await said(), (await a.read.jobCounts())[0]?.state]).toEqual([[], 'leased'])
        clock.time += 2000
        await expect(store.queue.reap(1, fail)).rejects.toThrow()
        expect([await said(), (await a.read.jobCounts())[0]?.state]).toEqual([[], 'leased'])
        expect(await store.queue.reap(1, say)).toHaveLength(1)
        expect([await said(), (await a.read.jobCounts())[0]?.state]).toEqual([[{ step: 'poison' }], 'dead'])
      })

      test('tells of new work after its commit only', async () => {
        const heard: Lane[] = []
        const stop = store.queue.onWork((work) => heard.push(...work))
        await expect(
          a.write(async (tx) => {
            await tx.enqueue([make.job({ message: null })])
            throw new Error('stop')
          }),
        ).rejects.toThrow('stop')
        expect(heard).toHaveLength(0)
        let claimable: Promise<Job[]> | undefined
        store.queue.onWork(() => (claimable ??= claimDue(store.queue, ['process'], 1, 1000)))
        await a.write((tx) => tx.enqueue([make.job({ message: null })]))
        expect(heard).toEqual([{ queue: 'process', tenant: A, lane: '' }])
        await a.write((tx) => tx.enqueue([make.job({ message: null, step: 'later', runAt: clock.now() + 1 })]))
        expect(heard).toHaveLength(1)
        expect(await claimable).toHaveLength(1)
        stop()
        const before = heard.length
        await a.write((tx) => tx.enqueue([make.job({ message: null, step: 'second' })]))
        expect(heard).toHaveLength(before)
      })
    })

    describe('policies', () => {
      test('versions only rise, and stand as they were applied', async () => {
        const insert = (serial: number) => a.write((tx) => tx.insertPolicyVersion(make.policyVersion(serial)))
        expect(await a.read.policyVersion()).toBeNull()
        expect([await insert(3), await insert(3), await insert(2), await insert(20), await insert(5)]).toEqual([
          true,
          false,
          false,
          true,
          false,
        ])
        expect(await a.read.policyVersion()).toEqual(make.policyVersion(20))
        expect(await a.read.policyVersion(3)).toEqual(make.policyVersion(3))
        expect(await a.read.policyVersion(2)).toBeNull()
        const { bundle: _, ...newest } = make.policyVersion(20)
        expect(await a.read.policyVersions({ limit: 1 })).toEqual([{ ...newest, rollbackTo: null }])
        await a.write((tx) => tx.insertPolicyVersion({ ...make.policyVersion(21), bundle: rollbackTo(3) }))
        expect(await a.read.policyVersions({ limit: 1 })).toMatchObject([{ serial: 21, rollbackTo: 3 }])
        expect((await a.read.policyVersions({ limit: 9, before: 20 })).map(({ serial }) => serial)).toEqual([3])
        expect(await b.read.policyVersion()).toBeNull()
        expect(await b.read.policyVersion(3)).toBeNull()
        expect(await b.read.policyVersions({ limit: 9 })).toEqual([])
      })

      test('inputs come newest first, page by page', async () => {
        const made = [9, 7, 7, 7, 5].map((at) => make.decisionInput(at))
        made.sort((x, y) => y.at - x.at || (x.message < y.message ? 1 : -1))
        await a.write(async (tx) => {
          for (const one of made.toReversed()) await tx.putDecisionInput(one)
        })
        const read = (query: Partial<Parameters<typeof a.read.decisionInputs>[0]>) =>
          a.read.decisionInputs({ since: 0, limit: 9, ...query })
        expect(await read({})).toEqual(made)
        expect(await read({ since: 7 })).toEqual(made.slice(0, 4))
        expect(await read({ limit: 2 })).toEqual(made.slice(0, 2))
        expect(await read({ limit: 2, before: made[1]! })).toEqual(made.slice(2, 4))
        expect(await read({ since: 7, before: made[1]! })).toEqual(made.slice(2, 4))
        expect(await read({ before: made[4]! })).toEqual([])
        expect(await b.read.decisionInputs({ since: 0, limit: 9 })).toEqual([])
      })

      test('an input is replaced by that of a later decision', async () => {
        const one = make.decisionInput(5)
        const later = { ...one, redacted: false, rules: [] }
        await a.write((tx) => tx.putDecisionInput(one))
        await a.write((tx) => tx.putDecisionInput(later))
        expect(await a.read.decisionInputs({ since: 0, limit: 9 })).toEqual([later])
      })
    })

    describe('tidying', () => {
      const settle = (id: MessageId, state: RecipientState, address = 'one@peer.example') =>
        a.write((tx) => tx.updateRecipient(id, address, { state, at: 1 }))
      /** What is over, finished; all others are asked for as well, and stay. */
      const finish = async (deadBy = 0) => {
        const { over } = await a.read.overMessages({ deadBy, look: 99 })
        const among = (await a.read.messages({ limit: 99 })).map(({ id }) => id)
        const done = await a.write((tx) => tx.finishMessages({ deadBy, among }))
        expect(done.toSorted()).toEqual(over)
        return done
      }

      test('finishes a message when every recipient is final and no job is left to do, once', async () => {
        const id = await accept(a, [{ step: 'later', runAt: clock.now() + 5 }])
        await settle(id, 'delivered')
        await settle(id, 'held', 'two@peer.example')
        clock.time += 5
        const [job] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        expect(await finish()).toEqual([]) // leased, and one is held
        await settle(id, 'dropped', 'two@peer.example')
        expect(await finish()).toEqual([]) // leased
        await store.queue.retry(job, clock.now(), 'again')
        expect(await finish()).toEqual([]) // ready
        const [again] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        await store.queue.complete(again)
        expect(await b.write((tx) => tx.finishMessages({ deadBy: 0, among: [id] }))).toEqual([])
        expect(await b.read.overMessages({ deadBy: 0, look: 9 })).toEqual({ over: [], last: null })
        expect(await a.read.unerased(9)).toEqual([])
        expect(await finish()).toEqual([id])
        expect(await finish()).toEqual([])
        expect(await a.read.unerased(9)).toEqual([{ id, blob: (await a.read.message(id))!.blob }])
        expect(await b.read.unerased(9)).toEqual([])
        await b.write((tx) => tx.markErased([id], 1))
        expect(await a.read.unerased(9)).toHaveLength(1)
        await a.write((tx) => tx.markErased([id], 1))
        expect(await a.read.unerased(9)).toEqual([])
        expect(await a.read.message(id)).toMatchObject({ state: 'done' })
      })

      test('a short message stands in its row until its content goes, and belongs to its tenant alone', async () => {
        const bytes = randomBytes(IN_ROW)
        // Not at the start of its memory, as what arrives may not be.
        const content = new Uint8Array(Buffer.concat([Buffer.from('before'), bytes])).subarray(6)
        const message = make.message(clock.now())
        const failed = a.write(async (tx) => {
          await tx.insertMessage(message, ['one@peer.example'], content)
          throw new Error('not today')
        })
        await expect(failed).rejects.toThrow('not today')
        expect(await a.read.content(message.id)).toBe(null)
        await a.write(async (tx) => {
          await tx.insertMessage(message, ['one@peer.example', 'two@peer.example'], content)
          expect(await tx.content(message.id)).not.toBe(null)
        })
        const other = await accept(a)
        const stored = (await a.read.content(message.id))!
        expect(Buffer.compare(stored, bytes)).toBe(0)
        // It is given to another thread as a whole.
        expect(stored.buffer.byteLength).toBe(stored.byteLength)
        expect(() => structuredClone(stored, { transfer: [stored.buffer] })).not.toThrow()
        expect([await b.read.content(message.id), await a.read.content(other)]).toEqual([null, null])
        expect(await a.read.message(message.id)).toEqual(message)
        for (const id of [message.id, other])
          for (const to of ['one', 'two']) await settle(id, 'delivered', `${to}@peer.example`)
        await finish()
        const left = await a.read.unerased(9)
        expect(new Map(left.map(({ id, blob }) => [id, blob]))).toEqual(
          new Map([
            [message.id, null],
            [other, (await a.read.message(other))!.blob],
          ]),
        )
        await b.write((tx) => tx.markErased([message.id], 1))
        expect(await a.read.content(message.id)).not.toBe(null)
        await a.write((tx) => tx.markErased([message.id], 1))
        expect(await a.read.content(message.id)).toBe(null)
        expect(await a.read.message(message.id)).toEqual({ ...message, state: 'done' })
      })

      test('messages that are not done and stand in no row are found newest first, page by page, back to a time', async () => {
        const now = clock.now()
        const blobs: { id: MessageId; blob: string }[] = []
        for (let at = 0; at < 5; at++) {
          const message = make.message(now + at)
          await a.write((tx) => tx.insertMessage(message, [], at === 2 ? Buffer.from('short') : undefined))
          if (at !== 2) blobs.unshift({ id: message.id, blob: message.blob })
        }
        const look = (since: number, limit: number, before?: MessageId) =>
          a.read.notDoneBlobs({ since, limit, ...(before ? { before } : {}) })
        expect(await look(0, 9)).toEqual(blobs)
        expect(await look(now + 1, 9)).toEqual(blobs.slice(0, 3))
        expect(await look(0, 2)).toEqual(blobs.slice(0, 2))
        expect(await look(0, 2, blobs[1]!.id)).toEqual(blobs.slice(2))
        await a.write((tx) => tx.updateMessage(blobs[0]!.id, { state: 'planned' }))
        await a.write((tx) => tx.updateMessage(blobs[1]!.id, { state: 'done' }))
        expect(await look(0, 9)).toEqual([blobs[0], ...blobs.slice(2)])
        expect(await b.read.notDoneBlobs({ since: 0, limit: 9 })).toEqual([])
      })

      test('finishes only those it was asked for, and names the copies that are blobs of their own', async () => {
        const [one, other] = [await accept(a), await accept(a)]
        for (const id of [one, other])
          for (const to of ['one', 'two']) await settle(id, 'delivered', `${to}@peer.example`)
        const copy = (id: string, of: MessageId, place: Partial<CopyRecord>) => ({ ...make.copy(of), id, ...place })
        await a.write(async (tx) => {
          await tx.insertCopy(copy('whole', one, { blob: 'whole', head: null, bodyStart: null }))
          await tx.insertCopy(copy('body', one, { blob: 'body', head: Buffer.from('h'), bodyStart: 0 }))
          await tx.insertCopy(copy('in-row', one, { blob: 'in-row', head: Buffer.from('h'), bodyStart: null }))
          await tx.insertCopy(copy('received', one, { blob: one, head: Buffer.from('h'), bodyStart: 7 }))
          await tx.insertCopy(copy('others', other, { blob: 'others', head: null, bodyStart: null }))
        })
        const found = await a.read.copyBlobs([one])
        expect(found.map(({ message, blob }) => [message, blob]).sort()).toEqual([
          [one, 'body'],
          [one, 'whole'],
        ])
        expect(await b.read.copyBlobs([one])).toEqual([])
        expect(await a.write((tx) => tx.finishMessages({ deadBy: 0, among: [other] }))).toEqual([other])
        expect(await finish()).toEqual([one])
      })

      test('looks at so many messages at a time and goes on where it was', async () => {
        const ids: MessageId[] = []
        for (let n = 0; n < 7; n++) {
          clock.time += 1
          ids.push(await accept(a))
        }
        const [, late, , , , last] = ids as [MessageId, MessageId, MessageId, MessageId, MessageId, MessageId]
        for (const id of [late, last]) for (const to of ['one', 'two']) await settle(id, 'failed', `${to}@peer.example`)
        await a.write((tx) => tx.updateMessage(ids[2]!, { state: 'planned', decision: make.decision }))
        const seen = await a.read.overMessages({ deadBy: 0, look: 4 })
        expect(seen).toEqual({ over: [late], last: ids[3] })
        expect(await a.read.overMessages({ deadBy: 0, look: 4, after: ids[3]! })).toEqual({ over: [last], last: null })
      })

      test('a dead job holds its message until it is old enough', async () => {
        const made = clock.now()
        const ids = [await accept(a, [{}]), await accept(a), await accept(a)]
        for (const id of ids) for (const to of ['one', 'two']) await settle(id, 'failed', `${to}@peer.example`)
        const [job] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
        await store.queue.bury(job, 'no use')
        expect(await finish(made - 1)).toHaveLength(2)
        expect(await finish(made - 1)).toEqual([])
        expect(await finish(made)).toEqual([ids[0]])
        expect(await a.read.unerased(2)).toHaveLength(2)
      })

      test('finds ended grants and marks them once', async () => {
        const [one, two] = [await accept(a), await accept(a)]
        const grants = [
          { ...make.grant(one), expiresAt: 100 },
          { ...make.grant(one), expiresAt: 500 },
          { ...make.grant(two), expiresAt: 900, revokedAt: 100 },
        ]
        await a.write(async (tx) => {
          for (const grant of grants) await tx.insertGrant(grant)
        })
        const ended = async (by: number, limit = 9) => (await a.read.messagesWithEndedGrants(by, limit)).sort()
        expect(await ended(99)).toEqual([])
        expect(await ended(100)).toEqual([one, two].sort())
        expect(await ended(100, 1)).toHaveLength(1)
        expect(await b.read.messagesWithEndedGrants(100, 9)).toEqual([])
        const mark = (id: MessageId, by: number) => a.write((tx) => tx.markGrantsErased(id, by, 7))
        expect(await b.write((tx) => tx.markGrantsErased(one, 100, 7))).toEqual([])
        expect(await mark(one, 100)).toEqual([grants[0]!.id])
        expect(await mark(two, 100)).toEqual([grants[2]!.id])
        expect(await ended(499)).toEqual([])
        expect(await ended(500)).toEqual([one])
        expect(await mark(one, 500)).toEqual([grants[1]!.id])
        expect(await mark(one, 500)).toEqual([])
        expect(await a.read.grants(one)).toHaveLength(2)
        expect(await a.read.grant(grants[0]!.id)).toEqual(grants[0])
      })

      test('finds the grant of a portal message by its blob', async () => {
        const id = await accept(a)
        const grant = { ...make.grant(id), content: { blob: 'p1', wrappedKey: 'w' }, revokedAt: 5 }
        await a.write(async (tx) => {
          await tx.insertGrant(grant)
          await tx.insertGrant({ ...make.grant(id), content: null })
        })
        expect(await a.read.grantOfContent('p1')).toEqual(grant)
        expect(await a.read.grantOfContent('p2')).toBeNull()
        expect(await b.read.grantOfContent('p1')).toBeNull()
      })

      test('purges what expired, in batches, and nothing else', async () => {
        const id = await accept(a)
        const grant = make.grant(id)
        const record = { client: 'erp', bodyHash: 'h', response: null }
        await a.write(async (tx) => {
          await tx.insertGrant(grant)
          for (const at of [1, 2, 3, 9]) {
            await tx.insertCode({ ...make.code(grant.id), expiresAt: at })
            await tx.putPortalSession({ ...make.session(grant.id), expiresAt: at })
            await tx.insertIdempotent({ ...record, key: String(at), createdAt: at })
            await tx.putDecisionInput(make.decisionInput(at))
          }
        })
        for (const what of ['codes', 'sessions', 'idempotency', 'inputs'] as const) {
          const purge = (by: number, limit: number) => a.write((tx) => tx.purge(what, by, limit))
          expect(await b.write((tx) => tx.purge(what, 5, 9))).toBe(0)
          expect(await purge(5, 2)).toBe(2)
          expect(await purge(5, 2)).toBe(1)
          expect(await purge(5, 2)).toBe(0)
        }
        expect(await a.read.code(grant.id, 'mail')).toMatchObject({ expiresAt: 9 })
        expect(await a.read.idempotent('erp', '3')).toBeNull()
        expect(await a.read.idempotent('erp', '9')).not.toBeNull()
        expect((await a.read.decisionInputs({ since: 0, limit: 9 })).map(({ at }) => at)).toEqual([9])
      })

      test('purges the ended jobs of messages that are done, and of none', async () => {
        const done = await accept(a, [{ step: 'a' }, { step: 'b' }])
        const open = await accept(a, [{ step: 'c' }])
        await a.write(async (tx) => {
          await tx.updateMessage(done, { state: 'done' })
          await tx.enqueue(['loose', 'loose and dead', 'ready'].map((step) => make.job({ step, runAt: clock.now() })))
        })
        for (const job of await claimDue(store.queue, ['process'], 9, 1000)) {
          if (job.step === 'ready') await store.queue.retry(job, clock.now() + 1e9, '')
          else if (job.step === 'b' || job.step === 'loose and dead') await store.queue.bury(job, '')
          else await store.queue.complete(job)
        }
        const purge = (by: number, limit = 9) => a.write((tx) => tx.purge('jobs', by, limit))
        expect(await purge(clock.now() - 1)).toBe(0)
        expect(await b.write((tx) => tx.purge('jobs', clock.now(), 9))).toBe(0)
        expect(await purge(clock.now(), 2)).toBe(2)
        expect(await purge(clock.now())).toBe(1)
        expect(await purge(clock.now())).toBe(0)
        // A purged job may be enqueued anew; one that is kept may not.
        await a.write((tx) =>
          tx.enqueue([make.job({ message: open, step: 'c' }), make.job({ message: done, step: 'a' })]),
        )
        expect((await claimDue(store.queue, ['process'], 9, 1000)).map(({ step }) => step)).toEqual(['a'])
      })
    })

    test('nothing of one tenant is seen or changed by another', async () => {
      const message = make.message(1)
      const [copy, file, grant] = [make.copy(message.id), make.linkFile(message.id), make.grant(message.id)]
      const [code, session, key] = [make.code(grant.id), make.session(grant.id), make.key()]
      const record = { client: 'erp', key: 'k', bodyHash: 'h', response: null, createdAt: 1 }
      await a.write(async (tx) => {
        await tx.insertMessage(message, ['one@peer.example'])
        await tx.insertCopy(copy)
        await tx.insertLinkFile(file)
        await tx.insertGrant(grant)
        await tx.insertCode(code)
        await tx.putPortalSession(session)
        await tx.putKey(key)
        await tx.putPerson(make.person('p@alpha.example', 'ciso'))
        await tx.insertIdempotent(record)
        await tx.appendAudit(make.event(message.id))
        await tx.enqueue([make.job({ message: message.id, runAt: clock.now() })])
      })
      const [job] = (await claimDue(store.queue, ['process'], 1, 1000)) as [Job]
      const seenBy = async (reads: TenantStore['read']) => [
        await reads.message(message.id),
        ...(await reads.messages({ limit: 9 })),
        ...(await reads.recipients(message.id)),
        ...(await reads.copies(message.id)),
        await reads.copy(copy.id),
        ...(await reads.linkFiles(message.id)),
        await reads.linkFile(file.id),
        await reads.grantByToken(grant.tokenHash),
        await reads.grant(grant.id),
        ...(await reads.grants(message.id)),
        await reads.code(grant.id, 'mail'),
        await reads.portalSession(session.tokenHash),
        ...(await reads.audit({ limit: 9 })),
        ...(await reads.audit({ message: message.id, limit: 9 })),
        await reads.idempotent('erp', 'k'),
        ...(await reads.keys({})),
        ...(await reads.keys({ kind: key.kind, use: key.use, address: key.address })),
        await reads.person('p@alpha.example'),
        ...(await reads.peopleWithRole('ciso')),
      ]
      const before = await seenBy(a.read)
      expect(before.every((row) => row !== null)).toBe(true)
      expect((await seenBy(b.read)).every((row) => row === null)).toBe(true)
      await b.write(async (tx) => {
        expect((await seenBy(tx)).every((row) => row === null)).toBe(true)
        await tx.updateMessage(message.id, { state: 'done' })
        expect(await tx.updateRecipient(message.id, 'one@peer.example', { state: 'failed', at: 9 })).toBe(false)
        expect(await tx.revokeGrants(message.id, 9)).toBe(0)
        expect(await tx.updateCode(code.id, { usedAt: 9 })).toBe(false)
        await tx.deletePortalSession(session.tokenHash)
        await tx.deleteKey(key.id)
        await tx.completeIdempotent('erp', 'k', { status: 500, body: '' })
        await tx.putPerson(make.person('p@alpha.example', 'intern'))
        await tx.putKey({ ...key, revokedAt: 1 })
        expect(await tx.insertIdempotent({ ...record, bodyHash: 'b' })).toBe(true)
        expect((await tx.appendAudit(make.event(null))).seq).toBe(1)
      })
      await expect(b.write((tx) => tx.completeJob(job))).rejects.toEqual(fault('lease-lost'))
      await expect(store.queue.complete({ ...job, tenant: B })).rejects.toEqual(fault('lease-lost'))
      expect(await seenBy(a.read)).toEqual(before)
      await store.queue.complete(job)
    })

    test('keeps its promises under any interleaving of workers, crashes and time', async () => {
      const step = fc.oneof(
        fc.record({ do: fc.constant('enqueue' as const), n: fc.nat(5), fail: fc.boolean(), tenant: fc.boolean() }),
        fc.record({ do: fc.constant('claim' as const), n: fc.integer({ min: 1, max: 4 }) }),
        fc.record({ do: fc.constantFrom('complete' as const, 'retry' as const, 'effect' as const), n: fc.nat(20) }),
        fc.record({ do: fc.constant('wait' as const), n: fc.integer({ min: 1, max: 1500 }) }),
        fc.record({ do: fc.constant('reap' as const) }),
      )
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 12 }), async (bursts) => {
          round += 1
          const wanted = new Set<string>()
          const ended: string[] = []
          const held: Job[] = []
          const act = async (one: (typeof bursts)[number][number]) => {
            if (one.do === 'wait') clock.time += one.n
            else if (one.do === 'reap') await store.queue.reap(1_000_000)
            else if (one.do === 'claim') held.push(...(await claimDue(store.queue, ['process'], one.n, 1000)))
            else if (one.do === 'enqueue') {
              const tenant = one.tenant ? a : b
              const spec = make.job({ message: null, step: `${round}/${one.n}`, runAt: clock.now() })
              const work = tenant.write(async (tx) => {
                await tx.enqueue([spec])
                if (one.fail) throw new Error('stop')
                wanted.add(`${tenant.tenant} ${spec.step}`)
              })
              await work.catch((error: Error) => expect(error.message).toBe('stop'))
            } else if (held.length > 0) {
              const job = held[one.n % held.length]!
              const name = `${job.tenant} ${job.step}`
              const work =
                one.do === 'retry'
                  ? store.queue.retry(job, clock.now(), 'again')
                  : one.do === 'complete'
                    ? store.queue.complete(job).then(() => ended.push(name))
                    : store
                        .tenant(tenantId(job.tenant))
                        .write((tx) => tx.completeJob(job))
                        .then(() => ended.push(name))
              await work.catch((error: unknown) => expect(error).toEqual(fault('lease-lost')))
            }
          }
          for (const burst of bursts) await Promise.all(burst.map(act))
          // Everything that was committed ends exactly once.
          clock.time += 10_000
          await store.queue.reap(1_000_000)
          for (let jobs = await claimDue(store.queue, ['process'], 50, 1000); jobs.length > 0; ) {
            for (const job of jobs) await store.queue.complete(job).then(() => ended.push(`${job.tenant} ${job.step}`))
            jobs = await claimDue(store.queue, ['process'], 50, 1000)
          }
          expect(ended.sort()).toEqual([...wanted].sort())
        }),
        { numRuns: 40 },
      )
    })
  })
}
