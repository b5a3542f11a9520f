import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh self-signed P-256 certificate for TLS tests. */
export function selfSigned(host = 'localhost'): { key: string; cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'secflow-tls-'))
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
        .concat(['-keyout', key, '-out', cert, '-subj', `/CN=${host}`])
        .concat(['-addext', `subjectAltName=DNS:${host},IP:127.0.0.1`]),
      { stdio: 'ignore' },
    )
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** An authority of a test's own, for servers: what it issues holds for the names and days asked for. */
export function testAuthority(): {
  readonly cert: string
  issue(names: readonly string[]): { key: string; cert: string; chain: string }
  [Symbol.dispose](): void
} {
  const dir = mkdtempSync(join(tmpdir(), 'secflow-ca-'))
  const run = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  run(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '30',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Test CA',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  )
  const cert = readFileSync(join(dir, 'ca.pem'), 'utf8')
  let serial = 0
  return {
    cert,
    issue(names) {
      const file = `leaf${++serial}`
      run('req', ...newKey, '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${file}`)
      writeFileSync(
        join(dir, `${file}.cnf`),
        `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\nbasicConstraints=CA:FALSE\n`,
      )
      const issue = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${file}.cnf`]
      run('x509', '-req', '-in', `${file}.csr`, ...issue, '-days', '20', '-out', `${file}.pem`)
      const own = readFileSync(join(dir, `${file}.pem`), 'utf8')
      return { key: readFileSync(join(dir, `${file}.key`), 'utf8'), cert: own, chain: `${own}${cert}` }
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  }
}
