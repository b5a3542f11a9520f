/** `npm run check`: types, lint, boundaries, dead code, generated files. Runs two at a time and prints a line for each. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const steps: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '-b'],
  ['format and lint', 'biome', 'check', '--error-on-warnings', '.'],
  ['typed lint', 'eslint', '.'],
  [
    'boundaries',
    'depcruise',
    '--config',
    '.dependency-cruiser.cjs',
    'shared',
    'server',
    'cli',
    'addin',
    'demo',
    'simulator',
  ],
  ['dead code', 'knip'],
  ['generated files', 'node', 'tools/generate.ts', '--check'],
]

function run([name, command, ...args]: (typeof steps)[number]): Promise<boolean> {
  return new Promise((resolve) => {
    const started = performance.now()
    const child = spawn(join(root, 'node_modules/.bin', command), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // The tools' scripts ask for `node`: the one of the package, whatever the shell has.
      env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` },
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => (output += String(error)))
    child.on('close', (status) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`)
      if (status !== 0) process.stdout.write(`${output.trimEnd()}\n`)
      resolve(status === 0)
    })
  })
}

const queue = [...steps]
const results: boolean[] = []
await Promise.all(
  [1, 2].map(async () => {
    for (let step = queue.shift(); step; step = queue.shift()) results.push(await run(step))
  }),
)
process.exit(results.every(Boolean) ? 0 : 1)
