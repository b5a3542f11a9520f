/** What `npm pack` ships, installed into an empty folder as an operator would, runs without the repository. */
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What a build never reads, and may be large or belong to others. */
const LEFT_OUT = new Set(['node_modules', '.git', 'dist', 'data', 'coverage'])

interface Packed {
  readonly filename: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

let folder: string
let installed: string
let packed: Packed

/** The environment without what the test runner put in: no setting of ours, and the system's own PATH. */
const bare = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(SECFLOW|npm_|NODE_|VITEST|VITE_|TEST$)/i.test(name)),
)
const env = {
  ...bare,
  PATH: (process.env.PATH ?? '')
    .split(':')
    .filter((path) => !path.startsWith(ROOT))
    .join(':'),
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'secflow-package-'))
  // A copy, because packing builds: the repository's own dist stays as `npm run check` left it.
  const copy = join(folder, 'repository')
  mkdirSync(copy)
  for (const name of readdirSync(ROOT)) {
    if (!LEFT_OUT.has(name)) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  const said = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: copy,
    env,
    encoding: 'utf8',
  })
  packed = (JSON.parse(said.slice(said.indexOf('['))) as Packed[])[0]!

  installed = join(folder, 'operator')
  mkdirSync(installed)
  writeFileSync(join(installed, 'package.json'), '{"name":"operator","private":true}')
  const install = [
    'install',
    join(folder, packed.filename),
    '--omit=dev',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ]
  execFileSync('npm', install, { cwd: installed, env, stdio: 'pipe' })
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const secflow = (...argv: string[]) =>
  execFileSync('npx', ['secflow', ...argv], { cwd: installed, env, encoding: 'utf8' })

test('the tarball holds JavaScript, the examples and the introduction, and nothing of the workshop', () => {
  const paths = packed.files.map(({ path }) => path)
  expect(paths).toEqual(
    expect.arrayContaining([
      'bin/secflow.mjs',
      'dist/cli/main.js',
      'addin/public/launchevent.js',
      'README.md',
      'LICENSE',
    ]),
  )
  expect(paths).toEqual(expect.arrayContaining(['examples/demo/policies/tenant/baseline.yaml']))
  expect(paths.filter((path) => /\.ts$|\.tsbuildinfo$|\.test\.|^dist\/(test|demo|tools|\.)/.test(path))).toEqual([])
  // Fonts of the world's scripts (13 MB, packed already), the task pane and pictures are by far the most of it.
  const bundled = packed.files.filter(({ path }) => /^dist\/(fonts|addin\/pane)\/|\.png$/.test(path))
  const sum = bundled.reduce((total, { size }) => total + size, 0)
  expect(sum).toBeLessThan(22_000_000)
  expect(packed.unpackedSize - sum).toBeLessThan(6_000_000)
})

test('secflow --version says the version of the package', () => {
  expect(secflow('--version').trim()).toBe('0.1.0')
})

test('the example policies pass their tests', () => {
  const said = secflow('policy', 'test', 'node_modules/secflow/examples/demo/policies')
  expect(said).toMatch(/\d+ passed/)
})

test('secflow serve starts with nothing but a secret, a folder and free ports, and stops when told', async () => {
  const [http, admin, smtp] = [await freePort(), await freePort(), await freePort()]
  const child = spawn(join(installed, 'node_modules/.bin/secflow'), ['serve'], {
    cwd: installed,
    env: {
      ...env,
      PATH: `${join(installed, 'node_modules/.bin')}:${env.PATH}`,
      SECFLOW_DEMO: '1',
      SECFLOW_SECRETS_MASTER: randomBytes(32).toString('base64'),
      SECFLOW_DATA_DIR: join(folder, 'data'),
      SECFLOW_HTTP_PORT: String(http),
      SECFLOW_ADMIN_PORT: String(admin),
      SECFLOW_SMTP_PORT: String(smtp),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  try {
    let status = 0
    for (const until = Date.now() + 60_000; status !== 200 && Date.now() < until && child.exitCode === null; ) {
      status = await fetch(`http://127.0.0.1:${http}/readyz`).then(
        (response) => response.status,
        () => 0,
      )
      await new Promise((wait) => setTimeout(wait, 100))
    }
    expect(status, said).toBe(200)
  } finally {
    child.kill('SIGTERM')
  }
  expect(await ended, said).toBe(0)
}, 120_000)
