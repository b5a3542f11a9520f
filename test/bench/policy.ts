/**
 * The policy engine beside other engines in one process, in interleaved rounds: which of 10 ... 10,000 rules match a mail with
 * five recipients and three attachments. All answers are compared with a plain evaluation of the generated conditions.
 */
import { createHash } from 'node:crypto'
import type { PolicyInput } from '../../shared/domain/index.ts'
import { packBundle } from '../../shared/policy/bundle/build.ts'
import { readBundle } from '../../shared/policy/bundle/read.ts'
import { decide } from '../../shared/policy/evaluate/decide.ts'
import { Facts, messageCache } from '../../shared/policy/facts.ts'
import { type LoadedPolicy, loadDocuments, type PolicyDocument } from '../../shared/policy/load.ts'
import { candidatesOf } from '../../shared/policy/match/matching.ts'
import { indexOf } from '../../shared/policy/match/rule-index.ts'
import { nodeOf } from '../../shared/policy/parse/node.ts'
import type { Policy } from '../../shared/policy/policy.ts'
import { installPeers, PEERS } from './policy-peers.ts'
import { type BenchRule, type BenchScene, benchRules, holds, inputOf, MANY, ruleSets, SCENES } from './policy-rules.ts'
import { type Bench, type Row, rowOf } from './row.ts'

const SIZES = [10, 100, 1000, 10_000]
const ROUNDS = 5
/** How long one measurement of one side takes, ms. */
const AIM_MS = 250
const WARM_MS = 400
/** A peer that takes longer for one call is measured in fewer rounds, ms. */
const SLOW_MS = 1000
const SLOW_ROUNDS = 3
const SHARE = 100

type Work = () => unknown

export const policy: Bench = async function* (say) {
  installPeers()
  for (const size of SIZES) {
    const rules = benchRules(size)
    const documents = documentsOf(rules)
    const ours = load(documents)
    const input = inputOf(SCENES)
    check('Secflow', match(ours, input), SCENES, rules)
    const match5: Work = () => match(ours, input)
    const whole: Work = () => decide(ours, input)
    const many = inputOf(MANY)
    if (size === 10_000) check('Secflow, 500 recipients', match(ours, many), MANY, rules)
    for (const peer of PEERS) {
      say(`${size} rules beside ${peer.name}`)
      const matcher = await peer.build(rules)
      check(peer.name, await matcher(SCENES), SCENES, rules)
      const theirs: Work = () => matcher(SCENES)
      yield* await compare(
        peer.name,
        theirs,
        size < 10_000 ? { [`match_us_${size}`]: match5 } : { match_us_10000: match5, decide_us_10000: whole },
      )
      if (size < 10_000) continue
      // Peers have no notion of recipients, their time is linear in them: five of the 500 are measured, times 100.
      const few = MANY.slice(0, MANY.length / SHARE)
      yield await compareLong(
        'recipients500_ms',
        peer.name,
        () => match(ours, many),
        () => matcher(few),
        SHARE,
      )
      yield await compareLong(
        'compile_ms_10000',
        peer.name,
        () => load(documents),
        () => peer.build(rules),
      )
      yield await compareLong('bundle_load_ms', peer.name, bundleOf(rules), () => peer.build(rules))
    }
  }
}

function documentsOf(rules: readonly BenchRule[]): readonly PolicyDocument[] {
  return ruleSets(rules).map(({ file, value }) => ({ file, root: nodeOf(value, 32)! }))
}

function load(documents: readonly PolicyDocument[]): Policy {
  const loaded = sound(loadDocuments(documents))
  indexOf(loaded)
  return loaded
}

function sound({ policy: loaded, diagnostics }: Pick<LoadedPolicy, 'policy' | 'diagnostics'>): Policy {
  if (!loaded) throw new Error(diagnostics.map(({ file, code, text }) => `${file}: ${code} ${text.en}`).join('\n'))
  return loaded
}

/** Ids of the rules that apply, per recipient. */
function match(ours: Policy, input: PolicyInput): string[][] {
  const cache = messageCache()
  return input.recipients.map((one) => {
    const facts = new Facts(input, one, ours.tenantLabels, cache)
    return candidatesOf(ours, facts).map(({ rule }) => rule.id)
  })
}

/** Loading an unsigned bundle from its text: hashes, reading, linking, compiling, index. */
function bundleOf(rules: readonly BenchRule[]): Work {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const { policy: loaded, canonical, diagnostics } = loadDocuments(documentsOf(rules))
  const { revision } = sound({ policy: loaded, diagnostics })
  const { text } = packBundle(revision, canonical, { serial: 1, createdAt: '2026-11-23T10:00:00Z', signer: null })
  return () => sound(readBundle(text, { trust: null, currentSerial: 0, sha256 }))
}

function check(
  who: string,
  found: readonly string[][],
  scenes: readonly BenchScene[],
  rules: readonly BenchRule[],
): void {
  for (const [i, scene] of scenes.entries()) {
    const expected = rules.filter(({ when }) => holds(when, scene)).map(({ id }) => id)
    if (found[i]?.join() !== expected.join())
      throw new Error(`${who} answers otherwise for recipient ${i}: ${found[i]?.length} rules, not ${expected.length}`)
  }
}

/** Microseconds a call: our works and theirs in turn, a row for each of ours. */
async function compare(peer: string, theirs: Work, ours: Readonly<Record<string, Work>>): Promise<readonly Row[]> {
  const other = await warm(theirs)
  const rounds = other.ms > SLOW_MS ? SLOW_ROUNDS : ROUNDS
  const sides: { metric: string; work: Work; calls: number; values: number[] }[] = []
  for (const [metric, work] of Object.entries(ours))
    sides.push({ metric, work, calls: (await warm(work)).calls, values: [] })
  const peers: number[] = []
  for (let round = 0; round < rounds; round++) {
    for (const { work, calls, values } of sides) values.push(await timed(work, calls))
    peers.push(await timed(theirs, other.calls))
  }
  return sides.map(({ metric, values }) =>
    rowOf({ bench: 'policy', metric, unit: 'us', peer, better: 'less' }, values, peers),
  )
}

/** Milliseconds of single calls; the peer's time counts `share` times. */
async function compareLong(metric: string, peer: string, ours: Work, theirs: Work, share = 1): Promise<Row> {
  const values: [number[], number[]] = [[], []]
  await ours()
  for (let round = 0, rounds = ROUNDS; round < rounds; round++) {
    values[0].push((await timed(ours, 1)) / 1000)
    const other = (await timed(theirs, 1)) / 1000
    values[1].push(other * share)
    if (other > SLOW_MS) rounds = SLOW_ROUNDS
  }
  return rowOf({ bench: 'policy', metric, unit: 'ms', peer, better: 'less' }, ...values)
}

/** Calls until the machine code has settled; gives how many calls fill a measurement. */
async function warm(work: Work): Promise<{ readonly calls: number; readonly ms: number }> {
  const began = performance.now()
  let calls = 0
  do {
    await work()
    calls++
  } while (performance.now() - began < WARM_MS)
  const ms = (performance.now() - began) / calls
  return { calls: Math.max(1, Math.round(AIM_MS / ms)), ms }
}

async function timed(work: Work, calls: number): Promise<number> {
  const began = performance.now()
  for (let i = 0; i < calls; i++) {
    const result = work()
    if (result instanceof Promise) await result
  }
  return ((performance.now() - began) * 1000) / calls
}
