import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readBlobsUrl } from '../server/config/blobs-url.ts'
import { readDatabaseUrl } from '../server/config/database-url.ts'
import type { Problem } from '../server/config/problem.ts'
import { resolveReferences } from '../server/config/references.ts'
import type { BlobsPlace } from '../server/platform/blobs/open.ts'
import type { DatabasePlace } from '../server/platform/database/open.ts'
import { type MoveEvent, type MoveReport, moveInstallation } from '../server/platform/move/move.ts'
import { Fault } from '../shared/fault/index.ts'
import { sizeInWords } from '../shared/policy/text/units.ts'
import type { CliIo } from './io.ts'

interface Options {
  readonly from: string
  readonly to: string
  readonly blobsFrom?: string
  readonly blobsTo?: string
  readonly tenants?: string
  readonly online?: true
  readonly json?: true
}

type Environment = Readonly<Record<string, string | undefined>>

/** `secflow migrate`: moves an installation to another database, and its blobs to another store. */
export function registerMigrate(program: Command, io: CliIo, env: Environment = process.env): void {
  program
    .command('migrate')
    .description('move an installation to PostgreSQL and S3, and prove that all of it is there')
    .requiredOption('--from <url>', 'database to move, `sqlite:<file>`')
    .requiredOption('--to <url>', 'empty database that takes it, `postgres://user@host/database` or `sqlite:<file>`')
    .option('--blobs-from <url>', 'store to move, `file:<directory>` or `s3://bucket?...`')
    .option('--blobs-to <url>', 'store that takes it')
    .option('--tenants <list>', 'tenants that may have blobs and no record yet')
    .option('--online', 'while the gateway runs: only the last pass stops it')
    .option('--json', 'print events and the proof as JSON, a line each')
    .addHelpText(
      'after',
      `
SECFLOW_DATABASE_PASSWORD, SECFLOW_DATABASE_CA, SECFLOW_BLOBS_ACCESS_KEY_ID, SECFLOW_BLOBS_SECRET_ACCESS_KEY and
SECFLOW_BLOBS_CA count here as they do for the gateway. Interrupted, it is run again with the same options.

Example:
  secflow migrate --from sqlite:data/secflow.db --to postgres://secflow@db.example/secflow \\
    --blobs-from file:data/blobs --blobs-to 's3://mail?endpoint=https://s3.example'`,
    )
    .action(async (options: Options) => {
      const from = databaseOf(options.from, env, io.cwd)
      if (from.kind !== 'sqlite') throw new Fault('config-invalid', '--from: only `sqlite:<file>` can be moved')
      if ((options.blobsFrom === undefined) !== (options.blobsTo === undefined))
        throw new Fault('config-invalid', '--blobs-from and --blobs-to go together')
      const say = (event: MoveEvent) => io.out(options.json ? JSON.stringify(event) : inWords(event))
      const report = await moveInstallation({
        from: from.file,
        to: databaseOf(options.to, env, io.cwd),
        blobs:
          options.blobsFrom === undefined || options.blobsTo === undefined
            ? null
            : { from: blobsOf(options.blobsFrom, env, io.cwd), to: blobsOf(options.blobsTo, env, io.cwd) },
        online: options.online === true,
        tenants: options.tenants?.split(',').map((name) => name.trim()) ?? [],
        say,
      })
      if (options.json) io.out(JSON.stringify({ event: 'proof', ...report }))
      else for (const line of proofInWords(report)) io.out(line)
    })
}

function databaseOf(text: string, env: Environment, cwd: string): DatabasePlace {
  const place = readDatabaseUrl(text)
  if (typeof place === 'string') throw new Fault('config-invalid', `${text}: ${place}`)
  if (place.kind === 'sqlite') return { kind: 'sqlite', file: resolve(cwd, place.file) }
  const password = setting('SECFLOW_DATABASE_PASSWORD', env, cwd) ?? place.password
  return { ...place, password, ca: setting('SECFLOW_DATABASE_CA', env, cwd), connections: 4 }
}

function blobsOf(text: string, env: Environment, cwd: string): BlobsPlace {
  const place = readBlobsUrl(text)
  if (typeof place === 'string') throw new Fault('config-invalid', `${text}: ${place}`)
  if (place.kind === 'files') return { kind: 'files', root: resolve(cwd, place.root), reserve: 0 }
  const accessKeyId = setting('SECFLOW_BLOBS_ACCESS_KEY_ID', env, cwd)
  const secretAccessKey = setting('SECFLOW_BLOBS_SECRET_ACCESS_KEY', env, cwd)
  const credentials = accessKeyId === null || secretAccessKey === null ? null : { accessKeyId, secretAccessKey }
  return { ...place, credentials, ca: setting('SECFLOW_BLOBS_CA', env, cwd) }
}

/** A variable as the configuration reads it, `\${file:path}` included. */
function setting(name: string, env: Environment, cwd: string): string | null {
  const problems: Problem[] = []
  const value = resolveReferences(env[name], cwd, problems, [name])
  const [problem] = problems
  if (problem) throw new Fault('config-missing', `${name}: ${problem.what}`)
  return typeof value === 'string' && value !== '' ? value : null
}

const PHASES = {
  copy: 'Copying while the gateway runs ...',
  locked: 'The source is locked: nothing is written to it from here on.',
  proof: 'Proving that both sides are equal ...',
  sealed: 'The source is sealed: it has moved.',
} as const

function inWords(event: MoveEvent): string {
  if (event.event === 'phase') return PHASES[event.phase]
  if (event.event === 'blobs') return `  blobs: ${event.blobs}${event.done ? '' : ' ...'}`
  const { table, rows, inserted, updated, deleted, done } = event
  return `  ${table}: ${rows} rows${done ? ` (${inserted} new, ${updated} changed, ${deleted} gone)` : ' ...'}`
}

function* proofInWords({ tables, chains, blobs, lockedMs }: MoveReport): Generator<string> {
  const rows = Object.values(tables).flatMap((table) => Object.values(table))
  yield `Proven: ${rows.reduce((sum, one) => sum + one, 0)} rows of ${Object.keys(tables).length} tables, equal by table and tenant`
  for (const [tenant, { seq, hash }] of Object.entries(chains)) yield `  audit of ${tenant}: ${seq} records, ${hash}`
  if (blobs) yield `  ${blobs.blobs} blobs, ${sizeInWords(blobs.bytes)}, each by its size and SHA-256`
  yield `The source could not be written to for ${(lockedMs / 1000).toFixed(1)} s. Start the gateway on the target.`
}
