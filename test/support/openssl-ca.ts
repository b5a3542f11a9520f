import { execFileSync, spawnSync } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificateOf } from '../../server/keys/certificate.ts'
import type { SmimeIdentity } from '../../server/ports/keyring.ts'

const KEYS = {
  rsa2048: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  rsa3072: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
  ed25519: ['-algorithm', 'ED25519'],
} as const

export type OpensslKey = keyof typeof KEYS

/** A CA and mail certificates that the openssl command made: material of other software's making. */
export interface OpensslCa extends Disposable {
  readonly directory: string
  path(name: string): string
  identity(name: OpensslKey): SmimeIdentity
  /** Runs `openssl ...`, answers stdout; throws with stderr on failure. */
  run(...args: readonly string[]): Buffer
  /** Whether `openssl ...` succeeds. */
  succeeds(...args: readonly string[]): boolean
}

export function opensslCa(address: string): OpensslCa {
  const directory = mkdtempSync(join(tmpdir(), 'secflow-smime-'))
  const path = (name: string) => join(directory, name)
  const run = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 200 * 1024 * 1024 })
  writeFileSync(
    path('leaf.cnf'),
    `basicConstraints=CA:FALSE
keyUsage=digitalSignature,keyEncipherment,keyAgreement
extendedKeyUsage=emailProtection
subjectAltName=email:${address}
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
`,
  )
  run('genpkey', ...KEYS.rsa2048, '-out', 'ca.key')
  run('req', '-x509', '-new', '-key', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=Test CA', '-days', '30')
  for (const [name, options] of Object.entries(KEYS)) {
    run('genpkey', ...options, '-out', `${name}.key`)
    run('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`)
    const issue = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '20', '-extfile', 'leaf.cnf']
    run('x509', '-req', '-in', `${name}.csr`, ...issue, '-out', `${name}.crt`)
  }
  return {
    directory,
    path,
    run,
    identity: (name) => ({
      certificate: certificateOf(readFileSync(path(`${name}.crt`))),
      chain: [],
      privateKey: createPrivateKey(readFileSync(path(`${name}.key`))),
      gateway: false,
    }),
    succeeds: (...args) => spawnSync('openssl', args, { cwd: directory, stdio: 'ignore' }).status === 0,
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}
