/** A second opinion on DKIM and ARC: dkimpy, of Debian. */
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'

const SCRIPT = join(import.meta.dirname, 'dkim-oracle.py')

export interface Opinion {
  /** Of each signature, in the order of the header. */
  readonly dkim: readonly boolean[]
  /** `pass`, `fail`, `none`, or what was wrong. */
  readonly arc: string
}

export function dkimOpinion(mail: Uint8Array, records: Readonly<Record<string, string>>): Opinion {
  // Debian's own: only that one has its packages.
  return JSON.parse(
    execFileSync('/usr/bin/python3', [SCRIPT, JSON.stringify(records)], { input: mail, encoding: 'utf8' }),
  )
}

export interface TestKey {
  /** PKCS#8 PEM. */
  readonly key: string
  /** TXT record of the public half (RFC 6376 3.6.1, RFC 8463 4). */
  readonly record: string
}

export function dkimKey(kind: 'rsa' | 'ed25519'): TestKey {
  const pair = kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' })
  const bytes = kind === 'rsa' ? spki : spki.subarray(-32)
  return {
    key: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    record: `v=DKIM1; k=${kind}; p=${bytes.toString('base64')}`,
  }
}
