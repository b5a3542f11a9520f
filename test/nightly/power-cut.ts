import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { failingDisk, LIES } from '../support/failing-disk.ts'
import { freePort } from '../support/free-port.ts'
import { hurry } from '../support/hurry.ts'
import { startLoad } from '../support/load/client.ts'
import { type CutDisk, makeCutDisk } from '../support/load/cut-disk.ts'
import { kill } from '../support/load/kill.ts'
import type { Ledger } from '../support/load/ledger.ts'
import { loadRelay, SENDER } from '../support/load/relay.ts'
import { openAccountingSink } from '../support/load/sink.ts'
import { startPostfix } from '../support/postfix.ts'
import { hasTool } from '../support/tools.ts'
import type { Campaign, Outcome } from './campaign.ts'
import { Random } from './random.ts'

const MEGABYTES = 768
/** How long the mail of one snapshot may take to come, ms. */
const ARRIVE_MS = 60_000
/** Snapshots of one load: the disk holds no more. */
const AT_ONCE = 6

/**
 * The power is cut under load, in snapshots of the block device that queue and database lie on; beside us Postfix, on the
 * same disk and under the same load. Whatever either had acknowledged before a cut it must deliver after it.
 */
export const powerCut: Campaign = {
  name: 'power-cut',
  unit: 'cuts',
  full: 12,
  quick: 2,
  async run({ count, seed, until, say }): Promise<Outcome> {
    const lacking = missing()
    if (lacking) return { done: 0, failures: [], note: `left out: ${lacking}` }
    const random = new Random(seed)
    const sum = { us: { acknowledged: 0, lost: 0 }, postfix: { acknowledged: 0, lost: 0 }, unsynced: 0 }
    const failures: string[] = []
    let done = 0
    while (done < count && performance.now() < until) {
      const cuts = Math.min(AT_ONCE, count - done)
      // The first load is as fast as it goes, the next one slow: a flush that others ask for hides one that is missing.
      const round = await oneLoad(cuts, random, done % (2 * AT_ONCE) === 0 ? 0 : 300, say)
      for (const one of round) {
        for (const name of ['us', 'postfix'] as const) {
          sum[name].acknowledged += one[name].acknowledged
          sum[name].lost += one[name].lost.length
        }
        if (one.unsynced) sum.unsynced += 1
        if (one.us.lost.length > 0) failures.push(`cut ${done}: lost ${one.us.lost.slice(0, 5).join(', ')}`)
        done += 1
      }
    }
    const lied = await lyingDisk(random, say)
    if (lied === 0) failures.push('a disk that does not flush lost nothing either: the cuts prove nothing')
    if (sum.unsynced === 0) failures.push('what was never flushed survived each cut: the cuts cut nothing')
    if (sum.us.acknowledged === 0) failures.push('nothing was acknowledged before a cut')
    const told = ({ acknowledged, lost }: { acknowledged: number; lost: number }) =>
      `${acknowledged} acknowledged, ${lost} lost`
    return {
      done,
      failures,
      note: `${told(sum.us)}; Postfix ${told(sum.postfix)}; on a disk that lies ${lied ?? 'not tried'} lost`,
    }
  },
}

/** The same with a disk that only says that it flushed: what is lost then shows what the flushes are for. null without gcc. */
async function lyingDisk(random: Random, say: (text: string) => void): Promise<number | null> {
  using disk = failingDisk()
  if (!disk) return null
  disk.fail('sync', '/secflow/', LIES)
  const cuts = await oneLoad(1, random, 100, (text) => say(`lying disk, ${text}`), disk.env)
  return cuts.reduce((sum, { us }) => sum + us.lost.length, 0)
}

function missing(): string | null {
  if (process.getuid?.() !== 0) return 'it needs root'
  if (!existsSync('/dev/loop-control')) return 'there are no loop devices'
  const tools = ['losetup', 'mkfs.xfs', 'mkfs.ext4', 'postfix'].filter((tool) => !hasTool(tool))
  return tools.length > 0 ? `${tools.join(', ')} are missing` : null
}

interface Cut {
  readonly us: { readonly acknowledged: number; readonly lost: readonly string[] }
  readonly postfix: { readonly acknowledged: number; readonly lost: readonly string[] }
  /** A file that nobody flushed is not in it, as it should be. */
  readonly unsynced: boolean
}

async function oneLoad(
  cuts: number,
  random: Random,
  pauseMs: number,
  say: (text: string) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<Cut[]> {
  const disk = makeCutDisk(MEGABYTES)
  try {
    return await cutUnderLoad(disk, cuts, random, pauseMs, say, env)
  } finally {
    disk.remove()
  }
}

async function cutUnderLoad(
  disk: CutDisk,
  cuts: number,
  random: Random,
  pauseMs: number,
  say: (text: string) => void,
  env: Readonly<Record<string, string>>,
): Promise<Cut[]> {
  const hop = await freePort()
  chmodSync(disk.folder, 0o755)
  const folder = join(disk.folder, 'secflow')
  const root = join(disk.folder, 'postfix')
  for (const path of [folder, root]) mkdirSync(path)
  const relay = loadRelay(hop, { folder })
  const settings = { minimal_backoff_time: '1s', maximal_backoff_time: '2s', queue_run_delay: '1s' }
  const ledgers: Record<'us' | 'postfix', Ledger> = { us: new Map(), postfix: new Map() }
  const taken: { snapshot: number; at: number }[] = []
  {
    const postfix = await startPostfix({ relayPort: hop, root, settings })
    const gateway = await relay.start({ env })
    disk.flush()
    // Nobody is at the next hop: whatever is accepted has to stay in the queue.
    const shared = { sender: SENDER, connections: 10, pauseMs }
    const loads = [
      startLoad({ ...shared, port: () => gateway.smtpPort, ledger: ledgers.us, run: 'us', seed: random.below(1e9) }),
      startLoad({ ...shared, port: () => postfix.port, ledger: ledgers.postfix, run: 'pf', seed: random.below(1e9) }),
    ]
    await pause(1_000)
    for (let cut = 0; cut < cuts; cut++) {
      await pause(300 + random.below(1_200))
      writeFileSync(join(disk.folder, `unsynced-${cut}`), 'nobody flushed this')
      const at = performance.now()
      taken.push({ snapshot: disk.cut(), at })
    }
    await Promise.all(loads.map((load) => load.stop()))
    await kill(gateway)
    spawnSync('postfix', ['-c', join(root, 'etc'), 'abort'])
  }
  const results: Cut[] = []
  for (const { snapshot, at } of taken) {
    disk.mount(snapshot)
    const file = join(disk.folder, `unsynced-${snapshot}`)
    const unsynced = !existsSync(file) || statSync(file).size === 0 || !readFileSync(file, 'utf8').startsWith('nobody')
    await using sink = await openAccountingSink(hop)
    hurry(folder, { leases: true })
    const gateway = await relay.start()
    // Its lock names a process of before the cut.
    execFileSync('postfix', ['-c', join(root, 'etc'), 'start'], { stdio: 'ignore' })
    const must = (ledger: Ledger) =>
      [...ledger.values()].filter(({ fate, at: answered }) => fate === 'accepted' && answered < at)
    const lost = (ledger: Ledger) => must(ledger).filter(({ id }) => !sink.mails.has(id))
    for (const end = Date.now() + ARRIVE_MS; Date.now() < end; await pause(1_000)) {
      spawnSync('postqueue', ['-c', join(root, 'etc'), '-f'])
      if (lost(ledgers.us).length + lost(ledgers.postfix).length === 0) break
    }
    const of = (ledger: Ledger) => ({ acknowledged: must(ledger).length, lost: lost(ledger).map(({ id }) => id) })
    results.push({ us: of(ledgers.us), postfix: of(ledgers.postfix), unsynced })
    await kill(gateway)
    spawnSync('postfix', ['-c', join(root, 'etc'), 'abort'])
    await pause(200)
    const { us, postfix } = results.at(-1)!
    say(
      `cut: ${us.acknowledged} acknowledged, ${us.lost.length} lost; Postfix ${postfix.acknowledged}, ${postfix.lost.length}; unflushed file ${unsynced ? 'gone' : 'there'}`,
    )
  }
  return results
}
