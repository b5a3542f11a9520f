/**
 * `npm run bench`: every benchmark; `npm run bench -- <name>...`: only these. One JSON line a row on standard output and in
 * `data/bench/<date>.jsonl` (below SECFLOW_DATA_DIR when set); progress goes to standard error.
 */
import { appendFileSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { cluster } from './cluster.ts'
import { growth } from './growth.ts'
import { large } from './large.ts'
import { policy } from './policy.ts'
import { relay } from './relay.ts'
import type { Bench } from './row.ts'
import { smoke } from './smoke.ts'

const BENCHES: Readonly<Record<string, Bench>> = { smoke, relay, large, cluster, policy, growth }

const say = (text: string) => void process.stderr.write(`${text}\n`)
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in BENCHES))
if (unknown.length) {
  say(`There is no benchmark ${unknown.join(', ')}. Benchmarks: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}

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
