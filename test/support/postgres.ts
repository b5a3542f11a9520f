/** A private PostgreSQL from Debian's packages: own folder, own port, durable as in production, gone after the test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from './free-port.ts'

const PACKAGES = '/usr/lib/postgresql'

export interface PostgresServer {
  readonly port: number
  readonly user: string
  /** `postgres://` of one of its databases. */
  url(database: string): string
  /** Makes a database, empty or like another that nobody uses; answers its URL. */
  create(database: string, like?: string): Promise<string>
  /** One statement as the owner of everything. */
  ask(text: string, database?: string): Promise<Record<string, unknown>[]>
  /** Stops it (`immediate`: like a crash) and starts it again on the same port. */
  restart(mode?: 'fast' | 'immediate'): Promise<void>
  halt(mode?: 'fast' | 'immediate'): Promise<void>
  resume(): Promise<void>
  /** Last lines of its log, for a failing test. */
  log(): string
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

/** `settings` are lines of postgresql.conf; with `tls` it takes nobody in the clear. PostgreSQL refuses to run as root: then it runs as the user `postgres`. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  { tls }: { tls?: { key: string; cert: string } } = {},
): Promise<PostgresServer> {
  const owner = process.getuid?.() === 0 ? idsOf('postgres') : null
  const run = owner ? { uid: owner.uid, gid: owner.gid } : {}
  const root = mkdtempSync(join(tmpdir(), 'secflow-postgres-'))
  if (owner) chownSync(root, owner.uid, owner.gid)
  const bin = newestBinaries()
  const data = join(root, 'data')
  const logFile = join(root, 'log')
  // A locale that sorts as people do: what the store sorts must not depend on it.
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US']
  const init = ['-D', data, '-U', 'secflow', '--auth=trust', '--no-sync', ...locale]
  execFileSync(join(bin, 'initdb'), init, { ...run, cwd: root, stdio: 'ignore' })
  const port = await freePort()
  const lines = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: root,
    fsync: 'on',
    max_connections: '120',
    shared_buffers: '64MB',
    ...settings,
  }
  if (tls) {
    writeFileSync(join(data, 'server.crt'), tls.cert)
    writeFileSync(join(data, 'server.key'), tls.key, { mode: 0o600 })
    if (owner) for (const name of ['server.crt', 'server.key']) chownSync(join(data, name), owner.uid, owner.gid)
    Object.assign(lines, { ssl: 'on' })
    writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 trust\n')
  }
  const conf = Object.entries(lines).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
  appendFileSync(join(data, 'postgresql.conf'), conf.join(''))

  let server: ChildProcess | null = null
  const kill = () => server?.kill('SIGQUIT')
  process.on('exit', kill)

  const url = (database: string) => `postgres://secflow@127.0.0.1:${port}/${database}`

  async function ask(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url(database), ssl: tls ? { rejectUnauthorized: false } : false })
    // A server that goes down meanwhile is the caller's rejected query.
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(text)).rows as Record<string, unknown>[]
    } finally {
      await client.end()
    }
  }

  async function resume(): Promise<void> {
    const out = `exec ${join(bin, 'postgres')} -D ${data} >> ${logFile} 2>&1`
    server = spawn('/bin/sh', ['-c', out], { ...run, cwd: root, stdio: 'ignore' })
    for (let tries = 0; ; tries++) {
      try {
        await ask('select 1')
        return
      } catch (error) {
        if (tries > 200 || server.exitCode !== null)
          throw new Error(`postgres did not start: ${tail()}`, { cause: error })
      }
      await pause(25)
    }
  }

  async function halt(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const ending = server
    if (!ending || ending.exitCode !== null) return
    const ended = once(ending, 'exit')
    ending.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await ended
    server = null
  }

  const tail = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8').split('\n').slice(-20).join('\n') : '')

  await resume()
  return {
    port,
    user: 'secflow',
    url,
    ask,
    async create(database, like = 'template1') {
      await ask(`create database ${database} template ${like}`)
      return url(database)
    },
    async restart(mode) {
      await halt(mode)
      await resume()
    },
    halt,
    resume,
    log: tail,
    async stop() {
      process.off('exit', kill)
      await halt('immediate')
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function idsOf(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

function newestBinaries(): string {
  const versions = existsSync(PACKAGES) ? readdirSync(PACKAGES).map(Number).filter(Boolean) : []
  if (versions.length === 0) throw new Error('PostgreSQL is missing: apt-get install postgresql')
  return join(PACKAGES, String(Math.max(...versions)), 'bin')
}
