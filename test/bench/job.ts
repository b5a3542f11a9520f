/** Work of ours and of a peer, each in processes of its own, by the CPU time they take. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a job of ours took and did. */
export interface Measured {
  readonly cpuMs: number
  readonly rssMb: number
  readonly count: number
}

/** How the process of a job is started. */
export interface Start {
  /** A command in front of it, such as `taskset`. */
  readonly pin?: readonly string[]
  /** Options of Node. */
  readonly options?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Runs `script` of this folder on an order, with the compiled package, which `main.ts` has built. */
export async function runJob<Result extends Measured>(
  script: string,
  folder: string,
  order: object,
  { pin = [], options = [], env = {} }: Start = {},
): Promise<Result> {
  const bin = process.env.SECFLOW_TEST_BIN
  if (!bin) throw new Error('npm run bench builds what is measured')
  const path = join(folder, 'job.json')
  await writeFile(path, JSON.stringify(order), { mode: 0o600 })
  const server = join(dirname(bin), '../dist/server')
  const started = [...pin, process.execPath, ...options, join(import.meta.dirname, script), server, path]
  const [command, ...args] = started
  const { stdout } = await run(command!, args, { env: { ...process.env, ...env } })
  return JSON.parse(stdout) as Result
}

/** CPU seconds of a command run so many times, with what it starts and waits for, as the shell that waits for it counts them. */
export async function cpuSeconds(
  command: readonly string[],
  runs: number,
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const script =
    'TIMEFORMAT="cpu %U %S"; runs=$1; shift; time for ((i = 0; i < runs; i++)); do "$@" 2>/dev/null || exit 1; done'
  const { stderr } = await run('bash', ['-c', script, 'bash', String(runs), ...command], {
    env: { ...process.env, ...env, LC_ALL: 'C' },
  })
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? []
  return Number(user) + Number(system)
}
