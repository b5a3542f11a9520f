import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** A zone: its name, and records in the form of a zone file, relative to it. */
export interface ZoneText {
  readonly name: string
  readonly records: readonly string[]
  /** Signed, with a trust anchor in the resolver; otherwise it is insecure. */
  readonly signed: boolean
  /** Text of the signed file that is changed afterwards: what stands there no longer fits its signature. */
  readonly spoil?: readonly (readonly [string, string])[]
}

/** Debian's unbound as a validating resolver over zones of our own; nothing outside is asked. */
export async function startUnbound(zones: readonly ZoneText[]) {
  const root = mkdtempSync(join(tmpdir(), 'secflow-unbound-'))
  const port = await freePort()
  const anchors: string[] = []
  const parts: string[] = []
  for (const zone of zones) {
    const file = join(root, `${zone.name}.zone`)
    writeFileSync(
      file,
      [
        `$ORIGIN ${zone.name}.`,
        '$TTL 300',
        `@ IN SOA ns.${zone.name}. host.${zone.name}. 1 3600 600 86400 60`,
        `@ IN NS ns.${zone.name}.`,
        'ns IN A 127.0.0.1',
        ...zone.records,
        '',
      ].join('\n'),
    )
    let served = file
    if (zone.signed) {
      const run = (tool: string, ...args: string[]) => execFileSync(tool, args, { cwd: root, encoding: 'utf8' }).trim()
      const key = run('ldns-keygen', '-a', 'ECDSAP256SHA256', '-k', zone.name)
      run('ldns-signzone', '-n', file, key)
      served = `${file}.signed`
      anchors.push(readFileSync(join(root, readdirSync(root).find((name) => name === `${key}.ds`)!), 'utf8').trim())
      let text = readFileSync(served, 'utf8')
      for (const [from, to] of zone.spoil ?? []) text = text.replaceAll(from, to)
      writeFileSync(served, text)
    }
    parts.push(
      `auth-zone:\n  name: "${zone.name}."\n  zonefile: "${served}"\n  for-downstream: no\n  for-upstream: yes\n  fallback-enabled: no`,
    )
  }
  writeFileSync(
    join(root, 'unbound.conf'),
    `server:
  interface: 127.0.0.1
  port: ${port}
  do-ip6: no
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "${root}"
  pidfile: "${root}/pid"
  use-syslog: no
  logfile: "${root}/log"
  module-config: "validator iterator"
  val-log-level: 1
  num-threads: 1
${anchors.map((anchor) => `  trust-anchor: "${anchor.replaceAll('\t', ' ').replaceAll('"', '')}"`).join('\n')}
remote-control:
  control-enable: no
${parts.join('\n')}
`,
  )
  const child = spawn('unbound', ['-d', '-c', join(root, 'unbound.conf')], { stdio: 'ignore' })
  const log = () => {
    try {
      return readFileSync(join(root, 'log'), 'utf8')
    } catch {
      return ''
    }
  }
  for (let wait = 0; !log().includes('start of service'); wait++) {
    if (wait > 100 || child.exitCode !== null) throw new Error(`unbound did not start: ${log()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    server: `127.0.0.1:${port}`,
    log,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
      rmSync(root, { recursive: true, force: true })
    },
  }
}
