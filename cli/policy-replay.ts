/** `secflow policy replay`: what a changed policy would have done to past mail. */
import { createReadStream } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import type { TenantConfig } from '../server/config.ts'
import { openStore } from '../server/platform/database/open.ts'
import { listReader } from '../server/platform/lists/reader.ts'
import { trustRoots } from '../server/policies/bundle-sign.ts'
import { currentLists, type ListRead } from '../server/policies/current-lists.ts'
import { loadPolicies } from '../server/policies/load.ts'
import { PolicyRegistry } from '../server/policies/registry.ts'
import { createRollOut } from '../server/policies/roll-out.ts'
import type { ListReader } from '../server/ports/lists.ts'
import { silentLog } from '../server/ports/log.ts'
import { listAccessOf } from '../server/profile.ts'
import { tenantId } from '../shared/domain/index.ts'
import { Fault } from '../shared/fault/index.ts'
import { loadPolicy, type Policy, type RecordedInput, Replay, type ReplayReport } from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import { type Common, common, filesOf, print, printDiagnostics, run, serialOf } from './policy-command.ts'
import { ageOf, DAY_MS, gatewayOf, type WhoseMail } from './policy-gateway.ts'
import { printLists, printReplay } from './policy-replay-print.ts'

interface ReplayOptions extends Common, WhoseMail {
  readonly since: number
  readonly inputs?: string
  readonly before?: string
  readonly replayLimit: number
}

/** Messages that one run looks at. */
const MAX_INPUTS = 1_000_000
const clock = { now: () => Date.now() }

export function registerReplay(policy: Command, io: CliIo): void {
  common(
    policy.command('replay').argument('<dir>'),
    'replay policies --since 30d --config /etc/secflow/secflow.yaml',
    '\n  $ secflow policy replay policies --before policies-in-force --inputs recorded.jsonl\n\nA line of --inputs is {"id", "input", "redacted", "rules"}. Exit code 1 when mail that was rejected would be delivered,\nor mail that was encrypted would leave in clear.',
  )
    .description('decide recorded mail again with these rule sets and say what would change')
    .option('--since <age>', 'how far back: 12h, 30d, 8w', ageOf, 30 * DAY_MS)
    .option('--config <file>', 'configuration of the gateway (default: secflow.yaml here, or SECFLOW_CONFIG)')
    .option('--tenant <id>', 'whose mail; needed when there are several')
    .option('--inputs <file>', 'recorded inputs as JSON lines, in place of the database')
    .option('--replay-limit <n>', 'at most so many messages, the newest', serialOf, MAX_INPUTS)
    .option('--before <dir>', 'policy to compare with, in place of the one in force')
    .action((dir: string, options: ReplayOptions) =>
      run(io, async () => {
        const after = await policyOf(io, dir, options)
        const before = options.before === undefined ? null : await policyOf(io, options.before, options)
        if (!after || (options.before !== undefined && !before)) return io.exit(1)
        const { report, lists } =
          options.inputs !== undefined && before
            ? await overFile(io, before, after, { ...options, inputs: options.inputs })
            : await overStore(io, before, after, options)
        if (options.json) print(io, { ...report, lists })
        else {
          printReplay(io, report, options.lang)
          printLists(io, lists, options.lang)
        }
        const { rejectToDeliver, encryptedToClear } = report.gates
        io.exit(rejectToDeliver.recipients + encryptedToClear.recipients > 0 ? 1 : 0)
      }),
    )
}

async function policyOf(io: CliIo, dir: string, { json, lang }: Common): Promise<Policy | null> {
  const { policy, diagnostics } = loadPolicy(await filesOf(io, dir))
  if (!policy && json) print(io, { valid: false, diagnostics })
  else if (!policy) printDiagnostics(io, diagnostics, lang)
  return policy
}

interface Outcome {
  readonly report: ReplayReport
  /** Lists from outside, as they were read for it: entries of the past are not kept. */
  readonly lists: readonly ListRead[]
}

/** Both policies with the lists as they are now; one that both name the same way stands once. */
async function informed(before: Policy, after: Policy, reader: ListReader | null) {
  const inform = currentLists(reader, clock)
  const [old, now] = [await inform(before), await inform(after)]
  const lists = new Map([...old.lists, ...now.lists].map((one) => [JSON.stringify(one), one]))
  return { before: old.policy, after: now.policy, lists: [...lists.values()] }
}

const readerOf = ({ lists }: TenantConfig) => listReader(listAccessOf(lists))

/** Without the gateway: a line each. Lists are read where a configuration is named that says how. */
async function overFile(
  io: CliIo,
  old: Policy,
  now: Policy,
  options: ReplayOptions & { readonly inputs: string },
): Promise<Outcome> {
  const file = path.resolve(io.cwd, options.inputs)
  const reader = options.config === undefined ? null : readerOf((await gatewayOf(io, options)).tenant)
  const { before, after, lists } = await informed(old, now, reader)
  const replay = new Replay(before, after)
  const source = createReadStream(file)
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })
  let number = 0
  try {
    for await (const line of lines) {
      number++
      if (line.trim() !== '') replay.add(recorded(line, number))
    }
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('config-missing', `${file} cannot be read`, { cause: error })
  }
  return { report: replay.report(), lists }
}

function recorded(line: string, number: number): RecordedInput {
  const wrong = new Fault('config-invalid', `line ${number} of the inputs is not a recorded input`)
  let value: Partial<RecordedInput>
  try {
    value = JSON.parse(line) as Partial<RecordedInput>
  } catch {
    throw wrong
  }
  const { id, input, rules } = value ?? {}
  const sound =
    typeof id === 'string' && Array.isArray(input?.recipients) && input.message && input.sender && input.intent
  if (!sound) throw wrong
  return { id, input, redacted: value.redacted === true, ...(Array.isArray(rules) ? { rules } : {}) }
}

/** On the gateway's own records, also while it runs. */
async function overStore(io: CliIo, before: Policy | null, after: Policy, options: ReplayOptions): Promise<Outcome> {
  const { config, tenant } = await gatewayOf(io, options)
  const id = tenantId(tenant.id)
  const store = await openStore(config.database, { clock })
  try {
    const registry = new PolicyRegistry()
    const parts = { registry, store, log: silentLog, clock }
    const source = { id, policyDir: tenant.policyDir, trust: trustRoots(tenant.policyTrust), twoPersons: false }
    if (!before) await loadPolicies(parts, [source])
    const known = await informed(before ?? registry.active(id), after, readerOf(tenant))
    const serial = registry.state(id)?.serial ?? 0
    registry.offer(id, { policy: known.before, diagnostics: [], serial })
    const query = { since: clock.now() - options.since, limit: Math.min(options.replayLimit, MAX_INPUTS) }
    return { report: await createRollOut(parts, [source]).replay(id, known.after, query), lists: known.lists }
  } finally {
    await store.close()
  }
}
