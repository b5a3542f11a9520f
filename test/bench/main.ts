/**
 * `npm run bench`: every benchmark; `npm run bench -- <name>...`: only these. One JSON line a row on standard output and in
 * `data/bench/<date>.jsonl` (below SECFLOW_DATA_DIR when set); progress goes to standard error.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { builtCommand } from '../support/built.ts'
import { addin } from './addin.ts'
import { cluster } from './cluster.ts'
import { evaluateApi } from './evaluate-api.ts'
import { growth } from './growth.ts'
import { large } from './large.ts'
import { openpgp } from './openpgp.ts'
import { pdf } from './pdf.ts'
import { policy } from './policy.ts'
import { relay } from './relay.ts'
import type { Bench } from './row.ts'
import { slices } from './slices.ts'
import { smime } from './smime.ts'
import { smoke } from './smoke.ts'

const BENCHES: Readonly<Record<string, Bench>> = {
  smoke,
  relay,
  large,
  cluster,
  policy,
  growth,
  'evaluate-api': evaluateApi,
  addin,
  openpgp,
  pdf,
  smime,
  slices,
}

const say = (text: string) => void process.stderr.write(`${text}\n`)
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in BENCHES))
if (unknown.length) {
  say(`There is no benchmark ${unknown.join(', ')}. Benchmarks: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}

// What is measured is what ships: without this the runtime would strip types in every thread (35 MB, half a second).
const root = join(import.meta.dirname, '../..')
const build = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', 'shared', 'server', 'cli'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
})
if (build.status !== 0) process.exit(3)
const scratch = mkdtempSync(join(tmpdir(), 'secflow-bench-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
process.env.SECFLOW_TEST_BIN = builtCommand(scratch)

const folder = join(resolve(process.env.SECFLOW_DATA_DIR ?? 'data'), 'bench')
mkdirSync(folder, { recursive: true })
const file = join(folder, `${new Date().toISOString().slice(0, 10)}.jsonl`)
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length && !wanted.includes(name)) continue
  const began = performance.now()
  for await (const row of bench((text) => say(`${name}: ${text}`))) {
    const line = `${JSON.stringify(row)}\n`
    process.stdout.write(line)
    appendFileSync(file, line)
  }
  say(`${name}: ${((performance.now() - began) / 1000).toFixed(0)} s; rows are in ${file}`)
}
