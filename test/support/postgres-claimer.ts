/** A node that claims jobs and says which, until it is killed: `url`, lease in ms. */
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../../server/platform/clock.ts'
import { openPostgresStore } from '../../server/platform/database/postgres/open.ts'
import { postgresAddress } from './postgres-address.ts'

const [url = '', leaseMs = '1000'] = process.argv.slice(2)
const store = await openPostgresStore({ address: postgresAddress(url), clock: systemClock })
for (const lane of await store.queue.lanes(['process'])) {
  const jobs = await store.queue.claim([{ ...lane, limit: 7 }], Number(leaseMs))
  for (const job of jobs) process.stdout.write(`${job.step}\n`)
}
process.stdout.write('claimed\n')
for (;;) await pause(1_000)
