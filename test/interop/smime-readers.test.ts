/** S/MIME against the other readers of Debian that can be driven: gpgsm (RSA, ECDSA, ECDH), and mutt, which reads a mailbox as a person would. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  decodeBase64,
  decryptEnveloped,
  encryptEntity,
  signEntity,
  verifySigned,
} from '../../server/journey/transform/smime/index.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'
import { type OpensslCa, type OpensslKey, opensslCa } from '../support/openssl-ca.ts'

const CONTENT = `Content-Type: text/plain\r\n\r\n${`${'x'.repeat(74)}\r\n`.repeat(135)}`
const KINDS: readonly OpensslKey[] = ['rsa2048', 'p256', 'p384']

let ca: OpensslCa
let home = ''
beforeAll(() => {
  ca = opensslCa('anna@example.org')
  home = mkdtempSync(join(tmpdir(), 'sfgpgsm-'))
  const fingerprint = certificateOf(readFileSync(ca.path('ca.crt'))).fingerprint
  writeFileSync(join(home, 'trustlist.txt'), `${fingerprint} S relax\n`)
  writeFileSync(join(home, 'gpgsm.conf'), 'disable-crl-checks\ndisable-dirmngr\nno-secmem-warning\n')
  writeFileSync(join(home, 'gpg-agent.conf'), 'allow-loopback-pinentry\n')
  gpgsm('--import', ca.path('ca.crt'))
  for (const name of KINDS) gpgsm('--import', ca.path(`${name}.crt`))
  // The key of RSA alone: gpgsm 2.2 falls over an elliptic curve in PKCS#12.
  const names = ['-in', 'rsa2048.crt', '-inkey', 'rsa2048.key', '-out', 'rsa2048.p12', '-passout', 'pass:x']
  ca.run('pkcs12', '-export', '-legacy', ...names)
  gpgsm('--pinentry-mode', 'loopback', '--passphrase-fd', '0', '--import', ca.path('rsa2048.p12'))
})
afterAll(() => {
  spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
  rmSync(home, { recursive: true, force: true })
  ca[Symbol.dispose]()
})

function gpgsm(...args: readonly string[]): Buffer {
  const options = ['--homedir', home, '--batch', '--yes', '--status-fd', '2', ...args]
  const { status, stdout, stderr } = spawnSync('gpgsm', options, { input: 'x\n', maxBuffer: 200 * 1024 * 1024 })
  // It asks for the passphrase only where it needs one: that nobody read it (EPIPE) is no failure, its status is.
  if (status !== 0) throw new Error(`gpgsm ${args.join(' ')}: ${stderr}`)
  return stdout
}

const derOf = async (entity: Parameters<typeof entityBytes>[0]) => {
  const wire = await entityBytes(entity)
  return decodeBase64(once(wire.subarray(wire.indexOf('\r\n\r\n') + 4)), 200_000_000)
}
async function* once(data: Uint8Array) {
  yield data
}

describe('gpgsm', () => {
  it.each(KINDS)('verifies what we sign with %s', async (name) => {
    writeFileSync(
      ca.path('s.der'),
      await derOf(signEntity(entityOf(CONTENT), ca.identity(name), { time: Date.now(), mode: 'opaque' })),
    )
    expect(gpgsm('--output', ca.path('s.out'), '--verify', ca.path('s.der'))).toBeDefined()
    expect(readFileSync(ca.path('s.out')).toString()).toBe(CONTENT)
  })

  it.each(['rsa2048'] as const)('opens what we encrypt to %s', async (name) => {
    const { certificate } = ca.identity(name)
    // gpgsm 2.2 knows PKCS#1 v1.5, not OAEP.
    writeFileSync(
      ca.path('e.der'),
      await derOf(encryptEntity(entityOf(CONTENT), [certificate], { keyTransport: 'pkcs1' })),
    )
    gpgsm(
      '--pinentry-mode',
      'loopback',
      '--passphrase-fd',
      '0',
      '--output',
      ca.path('e.out'),
      '--decrypt',
      ca.path('e.der'),
    )
    expect(readFileSync(ca.path('e.out')).toString()).toBe(CONTENT)
  })

  it.each(['rsa2048'] as const)('is read by us: signed with %s', async (name) => {
    writeFileSync(ca.path('plain'), CONTENT)
    const user = certificateOf(readFileSync(ca.path(`${name}.crt`))).fingerprint.replaceAll(':', '')
    gpgsm(
      '--pinentry-mode',
      'loopback',
      '--passphrase-fd',
      '0',
      '--local-user',
      user,
      '--output',
      ca.path('g.der'),
      '--sign',
      ca.path('plain'),
    )
    const anchors = [certificateOf(readFileSync(ca.path('ca.crt')))]
    const verified = await verifySigned(readFileSync(ca.path('g.der')), null, { anchors, at: Date.now() })
    expect(verified.content?.toString()).toBe(CONTENT)
    expect(verified.signers[0]?.trust).toBeNull()
  })

  it.each(['rsa2048'] as const)('is read by us: encrypted to %s', async (name) => {
    writeFileSync(ca.path('plain'), CONTENT)
    const user = certificateOf(readFileSync(ca.path(`${name}.crt`))).fingerprint.replaceAll(':', '')
    gpgsm('--recipient', user, '--output', ca.path('g.der'), '--encrypt', ca.path('plain'))
    const opened = await decryptEnveloped(once(readFileSync(ca.path('g.der'))), [ca.identity(name)])
    expect(opened.content.toString()).toBe(CONTENT)
  })
})

describe('mutt', () => {
  it.each(KINDS)('shows a mail that is signed with %s and finds the signature good', async (name) => {
    const head = 'From: anna@example.org\r\nSubject: Signed\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n'
    const mail = entityOf(`${head}Content-Type: text/plain\r\n\r\nThe signed text.\r\n`)
    const seen = mutt(await entityBytes(signEntity(mail, ca.identity(name), { time: Date.now() })))
    expect(seen).toContain('The signed text.')
    expect(seen).toContain('Verification successful')
  })

  it('does not find an altered mail good', async () => {
    const head = 'From: anna@example.org\r\nSubject: Altered\r\n'
    const signed = signEntity(entityOf(`${head}Content-Type: text/plain\r\n\r\nPay 100.\r\n`), ca.identity('p256'), {
      time: Date.now(),
    })
    const wire = (await entityBytes(signed)).toString('latin1').replace('Pay 100.', 'Pay 900.')
    expect(mutt(Buffer.from(wire, 'latin1'))).not.toContain('Verification successful')
  })
})

/** What mutt gives its pager for the only mail of a mailbox, with the words of openssl. */
function mutt(wire: Buffer): string {
  const box = ca.path('box')
  writeFileSync(
    box,
    Buffer.concat([
      Buffer.from('From anna Mon Nov 23 10:00:00 2026\n'),
      Buffer.from(wire.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
      Buffer.from('\n'),
    ]),
  )
  const [seen, pager] = [ca.path('seen'), ca.path('pager')]
  writeFileSync(seen, '')
  writeFileSync(pager, `#!/bin/sh\ncp "$1" ${seen}\n`, { mode: 0o700 })
  writeFileSync(
    ca.path('muttrc'),
    [
      `set folder=${ca.path('')}`,
      'set crypt_use_gpgme=no crypt_verify_sig=yes',
      `set pager=${pager} prompt_after=no wait_key=no smime_timeout=600 auto_tag=no`,
      `set smime_ca_location=${ca.path('ca.crt')}`,
      `set smime_verify_command="openssl cms -verify -out /dev/null -inform DER -in %s -content %f -CAfile ${ca.path('ca.crt')}"`,
      `set smime_verify_opaque_command="openssl cms -verify -inform DER -in %s -CAfile ${ca.path('ca.crt')}"`,
      'set smime_get_cert_command="openssl pkcs7 -print_certs -in %f" smime_pk7out_command="openssl cms -verify -in %f -noverify -cmsout -outform PEM"',
      `set header_cache= record= postponed= tmpdir=${ca.path('')}`,
    ].join('\n'),
  )
  const push = '<display-message><quit>'
  const args = ['mutt', '-F', ca.path('muttrc'), '-R', '-f', box, '-e', `push '${push}'`]
  spawnSync('script', ['-qec', args.map(quoted).join(' '), '/dev/null'], {
    env: { ...process.env, TERM: 'vt100', LINES: '60', COLUMNS: '120', HOME: ca.path('') },
    input: '\n\n',
    timeout: 30_000,
  })
  return readFileSync(seen, 'utf8')
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
