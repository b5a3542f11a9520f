/** A private Haraka that queues on disk and passes everything on to one next hop. */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'

export interface Haraka {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** Its own hooks: relay for everybody, and the next hop in the place of MX records. */
const PLUGIN = (port: number) => `exports.hook_rcpt = function (next, connection) {
  connection.relaying = true
  next(OK)
}
exports.hook_get_mx = function (next) {
  next(OK, { priority: 0, exchange: '127.0.0.1', port: ${port}, using_lmtp: false })
}
`

export async function startHaraka(relayPort: number): Promise<Haraka> {
  const home = join(import.meta.dirname, 'node_modules/Haraka')
  if (!existsSync(home))
    spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: import.meta.dirname,
      stdio: 'ignore',
    })
  const folder = mkdtempSync(join(tmpdir(), 'secflow-haraka-'))
  const port = await freePort()
  for (const name of ['plugins', 'queue']) mkdirSync(join(folder, name))
  cpSync(join(home, 'config'), join(folder, 'config'), { recursive: true })
  const settings: Record<string, string> = {
    'smtp.ini': `listen=127.0.0.1:${port}\nnodes=0\n`,
    'outbound.ini': 'concurrency_max=100\nenable_tls=false\n[multi]\n',
    'log.ini': 'level=NOTICE\n',
    plugins: 'bench\n',
    me: 'haraka.test.example\n',
    databytes: '250000000\n',
  }
  for (const [name, text] of Object.entries(settings)) writeFileSync(join(folder, 'config', name), text)
  writeFileSync(join(folder, 'plugins/bench.js'), PLUGIN(relayPort))
  const child = spawn(process.execPath, [join(home, 'bin/haraka'), '-c', folder], { stdio: 'ignore' })
  for (const until = Date.now() + 20_000; !(await answers(port)); await new Promise((wait) => setTimeout(wait, 100)))
    if (Date.now() > until || child.exitCode !== null) throw new Error('Haraka did not start')
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })
}
