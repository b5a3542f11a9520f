/** A private OpenLDAP of Debian on a free port, with TLS, gone with its folder. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Slapd extends AsyncDisposable {
  readonly port: number
  readonly tlsPort: number
  /** PEM. */
  readonly ca: string
  readonly admin: { readonly dn: string; readonly password: string }
}

const SUFFIX = 'dc=corp,dc=example'
const ADMIN = { dn: `cn=admin,${SUFFIX}`, password: 'a password of the directory' }

/** `people` get `mail: <name>@corp.example` under `ou=people,dc=corp,dc=example`; only who signs in may read them. */
export async function openSlapd(people: readonly string[]): Promise<Slapd> {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-slapd-'))
  const at = (name: string) => join(folder, name)
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ...['-keyout', at('key.pem'), '-out', at('ca.pem')],
    ],
    { stdio: 'ignore' },
  )
  mkdirSync(at('db'))
  writeFileSync(
    at('slapd.conf'),
    `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile ${at('pid')}
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile ${at('ca.pem')}
TLSCertificateFile ${at('ca.pem')}
TLSCertificateKeyFile ${at('key.pem')}
sizelimit size.soft=500 size.hard=unlimited size.prtotal=unlimited
database mdb
suffix "${SUFFIX}"
rootdn "${ADMIN.dn}"
rootpw "${ADMIN.password}"
directory ${at('db')}
access to * by users read by anonymous auth
`,
  )
  const entry = (dn: string, ...lines: readonly string[]) => [`dn: ${dn}`, ...lines, ''].join('\n')
  writeFileSync(
    at('data.ldif'),
    [
      entry(SUFFIX, 'objectClass: dcObject', 'objectClass: organization', 'o: Corp', 'dc: corp'),
      entry(`ou=people,${SUFFIX}`, 'objectClass: organizationalUnit', 'ou: people'),
      ...people.map((name) =>
        entry(
          `uid=${name},ou=people,${SUFFIX}`,
          'objectClass: inetOrgPerson',
          `cn: ${name}`,
          `sn: ${name}`,
          `mail: ${name}@corp.example`,
        ),
      ),
    ].join('\n'),
  )
  execFileSync('/usr/sbin/slapadd', ['-q', '-f', at('slapd.conf'), '-l', at('data.ldif')], { stdio: 'ignore' })
  const [port, tlsPort] = [await freePort(), await freePort()]
  const urls = `ldap://localhost:${port} ldaps://localhost:${tlsPort}`
  const process = spawn('/usr/sbin/slapd', ['-d', '0', '-f', at('slapd.conf'), '-h', urls], { stdio: 'ignore' })
  await listening(port, process)
  return {
    port,
    tlsPort,
    ca: readFileSync(at('ca.pem'), 'utf8'),
    admin: ADMIN,
    async [Symbol.asyncDispose]() {
      const ended = process.exitCode === null ? once(process, 'exit') : null
      process.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number, process: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (process.exitCode !== null) break
    const socket = connect(port, 'localhost')
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`slapd does not listen (exit code ${process.exitCode})`)
}
