/** A private Postfix instance in a temporary directory: own configuration, queue and port, nothing of the system's. Needs root. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** nobody and nogroup on Debian: owns the mailboxes. */
const MAILBOX_OWNER = 65_534

export interface Postfix {
  readonly port: number
  /** Of its master process. */
  readonly pid: number
  /** Files in the maildir that takes every local mail, oldest first. */
  mails(): string[]
  /** Last lines of its log, for a failing test. */
  log(): string
  stop(): void
}

/**
 * Starts it. With `relayPort` everything goes on to that port on this machine (a mail server that submits to Secflow); with
 * `domains` mail for them is put into one maildir (a recipient's server). `settings` are further lines of main.cf.
 */
export async function startPostfix(options: {
  relayPort?: number
  domains?: readonly string[]
  settings?: Readonly<Record<string, string>>
  /** An empty folder for everything it has; one of its own when left out. */
  root?: string
}): Promise<Postfix> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'secflow-postfix-'))
  chmodSync(root, 0o755)
  const port = await freePort()
  const at = (name: string) => join(root, name)
  for (const name of ['etc', 'queue', 'data', 'mail']) mkdirSync(at(name))
  const postfixUser = Number(execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' }))
  chownSync(at('data'), postfixUser, postfixUser)
  chownSync(at('mail'), MAILBOX_OWNER, MAILBOX_OWNER)
  writeFileSync(at('maillog'), '')
  chmodSync(at('maillog'), 0o666)
  const settings: Record<string, string> = {
    compatibility_level: '3.6',
    config_directory: at('etc'),
    queue_directory: at('queue'),
    data_directory: at('data'),
    maillog_file: at('maillog'),
    maillog_file_prefixes: root,
    myhostname: 'postfix.test.example',
    mydestination: '',
    mynetworks: '127.0.0.0/8',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    smtp_host_lookup: 'native',
    smtp_tls_security_level: '',
    smtpd_tls_security_level: '',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: '',
    message_size_limit: '250000000',
    mailbox_size_limit: '0',
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    ...(options.relayPort === undefined ? {} : { relayhost: `[127.0.0.1]:${options.relayPort}` }),
    ...(options.domains
      ? {
          virtual_mailbox_domains: options.domains.join(', '),
          virtual_mailbox_base: at('mail'),
          virtual_mailbox_maps: 'static:inbox/',
          virtual_mailbox_limit: '0',
          virtual_minimum_uid: '100',
          virtual_uid_maps: `static:${MAILBOX_OWNER}`,
          virtual_gid_maps: `static:${MAILBOX_OWNER}`,
        }
      : {}),
    ...options.settings,
  }
  writeFileSync(
    at('etc/main.cf'),
    Object.entries(settings)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(''),
  )
  writeFileSync(at('etc/master.cf'), masterCf(port))
  const start = spawnSync('postfix', ['-c', at('etc'), 'start'], { encoding: 'utf8' })
  const log = () => readFileSync(at('maillog'), 'utf8').split('\n').slice(-40).join('\n')
  if (start.status !== 0) throw new Error(`postfix did not start: ${start.stderr}\n${log()}`)
  return {
    port,
    pid: Number(readFileSync(at('queue/pid/master.pid'), 'utf8')),
    mails() {
      const inbox = at('mail/inbox/new')
      return existsSync(inbox)
        ? readdirSync(inbox)
            .sort()
            .map((name) => join(inbox, name))
        : []
    },
    log,
    stop() {
      spawnSync('postfix', ['-c', at('etc'), 'stop'])
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Debian's services without chroot, and one listener. */
function masterCf(port: number): string {
  const row = (
    service: string,
    type: string,
    priv: string,
    wakeup: string,
    limit: string,
    command: string,
    unpriv = '-',
  ) => `${service} ${type} ${priv} ${unpriv} n ${wakeup} ${limit} ${command}\n`
  return [
    row(`127.0.0.1:${port}`, 'inet', 'n', '-', '-', 'smtpd'),
    row('pickup', 'unix', 'n', '60', '1', 'pickup'),
    row('cleanup', 'unix', 'n', '-', '0', 'cleanup'),
    row('qmgr', 'unix', 'n', '300', '1', 'qmgr'),
    row('tlsmgr', 'unix', '-', '1000?', '1', 'tlsmgr'),
    row('rewrite', 'unix', '-', '-', '-', 'trivial-rewrite'),
    row('bounce', 'unix', '-', '-', '0', 'bounce'),
    row('defer', 'unix', '-', '-', '0', 'bounce'),
    row('trace', 'unix', '-', '-', '0', 'bounce'),
    row('verify', 'unix', '-', '-', '1', 'verify'),
    row('flush', 'unix', 'n', '1000?', '0', 'flush'),
    row('proxymap', 'unix', '-', '-', '-', 'proxymap'),
    row('proxywrite', 'unix', '-', '-', '1', 'proxymap'),
    row('smtp', 'unix', '-', '-', '-', 'smtp'),
    row('relay', 'unix', '-', '-', '-', 'smtp'),
    row('showq', 'unix', 'n', '-', '-', 'showq'),
    row('error', 'unix', '-', '-', '-', 'error'),
    row('retry', 'unix', '-', '-', '-', 'error'),
    row('discard', 'unix', '-', '-', '-', 'discard'),
    row('local', 'unix', '-', '-', '-', 'local', 'n'),
    row('virtual', 'unix', '-', '-', '-', 'virtual', 'n'),
    row('lmtp', 'unix', '-', '-', '-', 'lmtp'),
    row('anvil', 'unix', '-', '-', '1', 'anvil'),
    row('scache', 'unix', '-', '-', '1', 'scache'),
    row('postlog', 'unix-dgram', 'n', '-', '1', 'postlogd'),
  ].join('')
}
