/**
 * The policy engine beside other engines, each in a process of its own, in interleaved rounds: which of 10 ... 10,000 rules
 * match a mail with five recipients and three attachments. All answers are compared with a plain evaluation of the
 * generated conditions.
 */
import { readPayload, sha256 } from '../../server/policies/native.ts'
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
import type { RecordedInput } from '../../shared/policy/replay/record.ts'
import { replay } from '../../shared/policy/replay/replay.ts'
import { checkAnswers, timed, type Work, warm } from './policy-measure.ts'
import { PeerProcess, REPLAY_SHARE, REPLAYED } from './policy-peer-process.ts'
import { installPeers, PEERS } from './policy-peers.ts'
import { type BenchRule, benchRules, inputOf, MANY, randomScenes, ruleSets, SCENES } from './policy-rules.ts'
import { type Bench, type Row, rowOf } from './row.ts'

const SIZES = [10, 100, 1000, 10_000]
const ROUNDS = 5
/** Rounds of single long calls. */
const LONG_ROUNDS = 3
/** A slow peer is measured in fewer rounds, so that it takes no longer than that, ms. */
const PEER_MS = 4000
/** One rule in so many is changed before the replay. */
const CHANGED = 1000

export const policy: Bench = async function* (say) {
  installPeers()
  const peers = PEERS.map(({ name }) => new PeerProcess(name))
  try {
    for (const size of SIZES) {
      const rules = benchRules(size)
      const documents = documentsOf(rules)
      const ours = load(documents)
      const input = inputOf(SCENES)
      const many = inputOf(MANY)
      checkAnswers('Secflow', match(ours, input), SCENES, rules)
      checkAnswers('Secflow, 500 recipients', match(ours, many), MANY, rules)
      const match5: Work = () => match(ours, input)
      for (const peer of peers) {
        say(`${size} rules beside ${peer.name}`)
        const built = await peer.build(size)
        if (size < 10_000) {
          yield* await compare(peer, { [`match_us_${size}`]: match5 })
          continue
        }
        yield* await compare(peer, { match_us_10000: match5, decide_us_10000: () => decide(ours, input) })
        const peerMany = () => peer.match('many', 1)
        yield await compareLong('recipients500_ms', peer, { ours: () => match(ours, many) }, peerMany)
        yield await compareLong('decide500_ms', peer, { ours: () => decide(ours, many) }, peerMany)
        const builds = async () => built * 1000
        yield await compareLong('compile_ms_10000', peer, { ours: () => load(documents) }, builds)
        yield await compareLong('bundle_load_ms', peer, { ours: bundleOf(rules) }, builds)
        yield await compareLong('replay_100k_s', peer, { ours: replayOf(rules, ours), unit: 's' }, () =>
          peer.replay(size, CHANGED),
        )
      }
    }
  } finally {
    for (const peer of peers) peer.end()
  }
}

function documentsOf(rules: readonly BenchRule[]): readonly PolicyDocument[] {
  return ruleSets(rules).map(({ file, value }) => ({ file, root: nodeOf(value, 32)! }))
}

function load(documents: readonly PolicyDocument[]): Policy {
  const loaded = sound(loadDocuments(documents, { sha256 }))
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
  const { policy: loaded, canonical, diagnostics } = loadDocuments(documentsOf(rules))
  const { revision } = sound({ policy: loaded, diagnostics })
  const { text } = packBundle(revision, canonical, { serial: 1, createdAt: '2026-11-23T10:00:00Z', signer: null })
  return () => indexOf(sound(readBundle(text, { trust: null, currentSerial: 0, sha256, readPayload })))
}

/** Recorded mails under the policy and under one in which a few rules do something else. */
function replayOf(rules: readonly BenchRule[], before: Policy): Work {
  const sets = ruleSets(rules, (id) => Number(id.slice(1)) % CHANGED === 0)
  const after = load(sets.map(({ file, value }) => ({ file, root: nodeOf(value, 32)! })))
  const inputs = randomScenes(REPLAYED / REPLAY_SHARE).map((scene) => inputOf([scene]))
  const recorded = Array.from({ length: REPLAYED }, (_, i): RecordedInput => {
    return { id: `m${i}`, input: inputs[i % inputs.length]!, redacted: false, rules: [] }
  })
  return () => {
    const { total, changes } = replay(before, after, recorded)
    if (total !== REPLAYED || changes.changed.length !== rules.length / CHANGED)
      throw new Error('not what was to replay')
  }
}

/** Microseconds a call: our works and theirs in turn, a row for each of ours. */
async function compare(peer: PeerProcess, ours: Readonly<Record<string, Work>>): Promise<readonly Row[]> {
  const other = await peer.warm()
  const rounds = Math.max(1, Math.min(ROUNDS, Math.floor(PEER_MS / other.ms)))
  const sides: { metric: string; work: Work; calls: number; values: number[] }[] = []
  for (const [metric, work] of Object.entries(ours))
    sides.push({ metric, work, calls: (await warm(work)).calls, values: [] })
  const peers: number[] = []
  for (let round = 0; round < rounds; round++) {
    for (const { work, calls, values } of sides) values.push(await timed(work, calls))
    peers.push(await peer.match('mail', other.calls))
  }
  return sides.map(({ metric, values }) =>
    rowOf({ bench: 'policy', metric, unit: 'us', peer: peer.name, better: 'less' }, values, peers),
  )
}

/** Single calls, `theirs` in us; a peer that is slow is asked once and stands beside every round. */
async function compareLong(
  metric: string,
  peer: PeerProcess,
  { ours, unit = 'ms' }: { readonly ours: Work; readonly unit?: 'ms' | 's' },
  theirs: () => Promise<number>,
): Promise<Row> {
  const scale = unit === 'ms' ? 1000 : 1_000_000
  const values: [number[], number[]] = [[], []]
  await ours()
  let other = Number.NaN
  let spent = 0
  for (let round = 0; round < LONG_ROUNDS; round++) {
    values[0].push((await timed(ours, 1)) / scale)
    const began = performance.now()
    if (round === 0 || spent < PEER_MS / 2) other = await theirs()
    spent += performance.now() - began
    values[1].push(other / scale)
  }
  return rowOf({ bench: 'policy', metric, unit, peer: peer.name, better: 'less' }, ...values)
}
