import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examine } from '../../server/journey/parse/detect/detect.ts'
import { bytesOf } from '../../server/ports/bytes.ts'

/** What real programs write is recognised for what it is. */
let folder: string
const path = (name: string) => join(folder, name)
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
const look = (name: string) => examine(() => bytesOf(readFileSync(path(name))).stream())

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'detect-'))
  writeFileSync(path('plain.txt'), 'words\n'.repeat(1_000))
  run(
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-subj',
    '/CN=Test',
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('openssl', () => {
  it('signed, encrypted and PKCS#12', async () => {
    run(
      'openssl',
      'cms',
      '-sign',
      '-in',
      'plain.txt',
      '-signer',
      'cert.pem',
      '-inkey',
      'key.pem',
      '-outform',
      'DER',
      '-nodetach',
      '-out',
      'signed.p7m',
    )
    run(
      'openssl',
      'cms',
      '-encrypt',
      '-aes-256-cbc',
      '-in',
      'plain.txt',
      '-outform',
      'DER',
      '-out',
      'cbc.p7m',
      'cert.pem',
    )
    run(
      'openssl',
      'cms',
      '-encrypt',
      '-aes-256-gcm',
      '-stream',
      '-in',
      'plain.txt',
      '-outform',
      'DER',
      '-out',
      'gcm.p7m',
      'cert.pem',
    )
    run('openssl', 'pkcs12', '-export', '-in', 'cert.pem', '-inkey', 'key.pem', '-passout', 'pass:x', '-out', 'key.p12')
    expect(await look('signed.p7m')).toMatchObject({ type: 'p7s', encrypted: false })
    expect(await look('cbc.p7m')).toMatchObject({ type: 'p7m', encrypted: true })
    expect(await look('gcm.p7m')).toMatchObject({ type: 'p7m', encrypted: true })
    expect(await look('key.p12')).toMatchObject({ type: 'p12', encrypted: true })
  })
})

describe('gpg', () => {
  it('armored and binary messages', async () => {
    const home = path('gnupg')
    execFileSync('mkdir', ['-m', '700', home])
    const gpg = (...args: string[]) =>
      run('gpg', '--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', ...args)
    gpg('--passphrase', 'x', '--symmetric', '--armor', '-o', 'sym.asc', 'plain.txt')
    gpg('--passphrase', 'x', '--symmetric', '-o', 'sym.gpg', 'plain.txt')
    gpg('--passphrase', '', '--quick-gen-key', 'test@x.example', 'rsa2048')
    gpg(
      '--passphrase',
      '',
      '--quick-add-key',
      gpg('--list-keys', '--with-colons')
        .toString()
        .match(/fpr:+([0-9A-F]{40})/)?.[1] ?? '',
      'rsa2048',
      'encr',
    )
    gpg('--trust-model', 'always', '-r', 'test@x.example', '--encrypt', '-o', 'pub.gpg', 'plain.txt')
    gpg('--armor', '--export', '-o', 'key.asc')
    for (const name of ['sym.asc', 'sym.gpg', 'pub.gpg'])
      expect(await look(name)).toMatchObject({ type: 'pgp', encrypted: true })
    expect(await look('key.asc')).toMatchObject({ type: 'pgpkey' })
    run('gpgconf', '--homedir', home, '--kill', 'gpg-agent')
  })
})

describe('qpdf', () => {
  it('PDF with and without encryption, also with object streams', async () => {
    run('qpdf', '--empty', '--object-streams=generate', 'plain.pdf')
    run('qpdf', '--encrypt', 'u', 'o', '256', '--', '--object-streams=generate', 'plain.pdf', 'locked.pdf')
    expect(await look('plain.pdf')).toMatchObject({ type: 'pdf', encrypted: false })
    expect(await look('locked.pdf')).toMatchObject({ type: 'pdf', encrypted: true })
  })
})
