/** `secflow policy inputs`: what the gateway recorded of past mail, for a replay elsewhere. */
import { open } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { openStore } from '../server/platform/database/open.ts'
import type { DecisionInputRecord } from '../shared/domain/index.ts'
import { tenantId } from '../shared/domain/index.ts'
import { Fault } from '../shared/fault/index.ts'
import type { RecordedInput } from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import { type Common, common, print, run, serialOf } from './policy-command.ts'
import { ageOf, DAY_MS, gatewayOf, type WhoseMail } from './policy-gateway.ts'

interface InputsOptions extends Common, WhoseMail {
  readonly since: number
  readonly output: string
  readonly replayLimit: number
}

/** Inputs that are read at a time. */
const PAGE = 500

export function registerInputs(policy: Command, io: CliIo): void {
  common(
    policy.command('inputs').requiredOption('-o, --output <file>', 'where to write them; only its owner may read it'),
    'inputs --since 30d --config /etc/secflow/secflow.yaml -o recorded.jsonl',
    '\n\nOne line a mail: {"id", "input", "redacted", "rules"}, as replay takes them by --inputs. They hold addresses and subjects,\nno words of bodies and attachments.',
  )
    .description('write the recorded facts of past mail to a file, for replays elsewhere')
    .option('--since <age>', 'how far back: 12h, 30d, 8w', ageOf, 30 * DAY_MS)
    .option('--config <file>', 'configuration of the gateway (default: secflow.yaml here, or SECFLOW_CONFIG)')
    .option('--tenant <id>', 'whose mail; needed when there are several')
    .option('--replay-limit <n>', 'at most so many messages, the newest', serialOf, 1_000_000)
    .action((options: InputsOptions) =>
      run(io, async () => {
        const count = await write(io, options)
        if (options.json) print(io, { file: options.output, messages: count })
        else io.out(`${options.output}: ${count} messages`)
        io.exit(0)
      }),
    )
}

async function write(io: CliIo, options: InputsOptions): Promise<number> {
  const { config, tenant } = await gatewayOf(io, options)
  const clock = { now: () => Date.now() }
  const store = await openStore(config.database, { clock })
  try {
    const file = await open(path.resolve(io.cwd, options.output), 'w', 0o600).catch((cause: unknown) => {
      throw new Fault('config-invalid', `${options.output} cannot be written`, { cause })
    })
    try {
      const { read } = store.tenant(tenantId(tenant.id))
      const since = clock.now() - options.since
      let last: DecisionInputRecord | undefined
      let count = 0
      while (count < options.replayLimit) {
        const limit = Math.min(PAGE, options.replayLimit - count)
        const page = await read.decisionInputs({ since, limit, ...(last ? { before: last } : {}) })
        await file.writeFile(page.map(lineOf).join(''))
        count += page.length
        last = page.at(-1)
        if (page.length < limit) break
      }
      return count
    } finally {
      await file.close()
    }
  } finally {
    await store.close()
  }
}

function lineOf({ message: id, input, redacted, rules }: DecisionInputRecord): string {
  const line: RecordedInput = { id, input, redacted, rules }
  return `${JSON.stringify(line)}\n`
}
