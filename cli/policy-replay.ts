/** `secflow policy replay`: what a changed policy would have done to past mail. */
import { createReadStream } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type Command, InvalidArgumentError } from 'commander'
import { loadConfig } from '../server/config.ts'
import { withDemoTenant } from '../server/demo/tenant.ts'
import { openStore } from '../server/platform/database/open.ts'
import { trustRoots } from '../server/policies/bundle-sign.ts'
import { loadPolicies } from '../server/policies/load.ts'
import { PolicyRegistry } from '../server/policies/registry.ts'
import { createRollOut } from '../server/policies/roll-out.ts'
import { silentLog } from '../server/ports/log.ts'
import { tenantId } from '../shared/domain/index.ts'
import { Fault } from '../shared/fault/index.ts'
import { loadPolicy, type Policy, type RecordedInput, Replay, type ReplayReport } from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import { type Common, common, filesOf, print, printDiagnostics, run, serialOf } from './policy-command.ts'
import { printReplay } from './policy-replay-print.ts'

interface ReplayOptions extends Common {
  readonly since: number
  readonly config?: string
  readonly tenant?: string
  readonly inputs?: string
  readonly before?: string
  readonly replayLimit: number
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 }
/** Messages that one run looks at. */
const MAX_INPUTS = 1_000_000

export function registerReplay(policy: Command, io: CliIo): void {
  common(
    policy.command('replay').argument('<dir>'),
    'replay policies --since 30d --config /etc/secflow/secflow.yaml',
    '\n  $ secflow policy replay policies --before policies-in-force --inputs recorded.jsonl\n\nA line of --inputs is {"id", "input", "redacted", "rules"}. Exit code 1 when mail that was rejected would be delivered,\nor mail that was encrypted would leave in clear.',
  )
    .description('decide recorded mail again with these rule sets and say what would change')
    .option('--since <age>', 'how far back: 12h, 30d, 8w', ageOf, 30 * UNIT_MS.d!)
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
        const report =
          options.inputs !== undefined && before
            ? await overFile(before, after, path.resolve(io.cwd, options.inputs))
            : await overStore(io, before, after, options)
        if (options.json) print(io, report)
        else printReplay(io, report)
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

/** Without the gateway: a line each. */
async function overFile(before: Policy, after: Policy, file: string): Promise<ReplayReport> {
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
  return replay.report()
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
async function overStore(
  io: CliIo,
  before: Policy | null,
  after: Policy,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const loaded = loadConfig({
    ...(options.config === undefined ? {} : { file: options.config }),
    env: process.env,
    cwd: io.cwd,
  })
  const config = loaded.demo ? await withDemoTenant(loaded) : loaded
  const tenant = config.tenants.find(({ id }) => id === options.tenant) ?? config.tenants[0]
  if (!tenant || (options.tenant === undefined ? config.tenants.length > 1 : tenant.id !== options.tenant))
    throw new Fault('config-missing', `--tenant: one of ${config.tenants.map(({ id }) => id).join(', ')}`)
  const id = tenantId(tenant.id)
  const clock = { now: () => Date.now() }
  const store = await openStore(config.database, { clock })
  try {
    const registry = new PolicyRegistry()
    const parts = { registry, store, log: silentLog, clock }
    const source = { id, policyDir: tenant.policyDir, trust: trustRoots(tenant.policyTrust), twoPersons: false }
    if (before) registry.offer(id, { policy: before, diagnostics: [], serial: 0 })
    else await loadPolicies(parts, [source])
    const query = { since: clock.now() - options.since, limit: Math.min(options.replayLimit, MAX_INPUTS) }
    return await createRollOut(parts, [source]).replay(id, after, query)
  } finally {
    await store.close()
  }
}

function ageOf(value: string): number {
  const match = /^(\d{1,4})([hdw])$/.exec(value)
  if (!match) throw new InvalidArgumentError('use 12h, 30d or 8w')
  return Number(match[1]) * UNIT_MS[match[2]!]!
}
