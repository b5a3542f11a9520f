/** Other implementations of OpenPGP behind one face: GnuPG, Sequoia (`sq`) and RNP, each with files of its own. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import type { Gpg } from './gpg.ts'

const run = promisify(execFile)

/** Paths in, paths out: what a peer reads and writes may be large. Every function rejects when the peer says no. */
export interface PgpPeer {
  readonly name: string
  /** Encrypts for all readers and signs; armored into `output`. */
  seal(signer: string, readers: readonly string[], input: string, output: string): Promise<void>
  /** Decrypts into `output` and holds the message to a good signature of the signer. */
  open(reader: string, signer: string, input: string, output: string): Promise<void>
  detach(signer: string, input: string, output: string): Promise<void>
  check(signer: string, signature: string, input: string): Promise<void>
  /** A text with a cleartext signature. */
  clearSign(signer: string, input: string, output: string): Promise<void>
}

/** Prepares the peers for these keys, by name; addresses are `<name>@clinic.example`. */
export async function pgpPeers(gnupg: Gpg, keys: ReadonlyMap<string, PgpIdentity>): Promise<readonly PgpPeer[]> {
  const folder = gnupg.path('peers')
  await mkdir(folder)
  const file = (name: string) => join(folder, name)
  const ring = join(folder, 'rnp')
  await mkdir(ring)
  for (const [name, { armoredPrivate, armoredPublic }] of keys) {
    await gnupg.trust(armoredPrivate)
    await writeFile(file(`${name}.sec`), armoredPrivate)
    await writeFile(file(`${name}.pub`), armoredPublic)
    await run('rnpkeys', ['--homedir', ring, '--import-keys', file(`${name}.sec`)])
  }
  return [gpgPeer(gnupg), sequoiaPeer(file), rnpPeer(ring)]
}

const address = (name: string) => `${name}@clinic.example`

function gpgPeer(gnupg: Gpg): PgpPeer {
  async function gpg(args: readonly string[], proof?: RegExp) {
    const { code, stderr } = await gnupg.gpg(['--status-fd', '2', ...args])
    if (code !== 0 || (proof && !proof.test(stderr))) throw new Error(`gpg ${args.join(' ')}: ${stderr}`)
  }
  return {
    name: 'gpg',
    seal: (signer, readers, input, output) =>
      gpg([
        ...['--armor', '--output', output, '-u', address(signer)],
        ...readers.flatMap((reader) => ['-r', address(reader)]),
        ...['--sign', '--encrypt', input],
      ]),
    // gpg says BEGIN_DECRYPTION for each key it tries: all are there, the readers' separation is ours to test.
    open: (_reader, _signer, input, output) =>
      gpg(['--output', output, '--decrypt', input], /GOODSIG[\s\S]*GOODMDC|GOODMDC[\s\S]*GOODSIG/),
    detach: (signer, input, output) =>
      gpg(['--armor', '--output', output, '-u', address(signer), '--detach-sign', input]),
    check: (_signer, signature, input) => gpg(['--verify', signature, input], /GOODSIG/),
    clearSign: (signer, input, output) => gpg(['--output', output, '-u', address(signer), '--clear-sign', input]),
  }
}

function sequoiaPeer(file: (name: string) => string): PgpPeer {
  const sq = async (args: readonly string[], proof = /(?:)/) => {
    const { stderr } = await run('sq', ['--force', ...args])
    if (!proof.test(stderr)) throw new Error(`sq ${args.join(' ')}: ${stderr}`)
  }
  return {
    name: 'sq',
    seal: (signer, readers, input, output) =>
      sq([
        ...['encrypt', '--signer-key', file(`${signer}.sec`)],
        ...readers.flatMap((reader) => ['--recipient-cert', file(`${reader}.pub`)]),
        ...['--output', output, input],
      ]),
    open: (reader, signer, input, output) =>
      sq(
        [
          ...['decrypt', '--recipient-key', file(`${reader}.sec`), '--signer-cert', file(`${signer}.pub`)],
          ...['--signatures', '1', '--output', output, input],
        ],
        /1 good signature/,
      ),
    detach: (signer, input, output) =>
      sq(['sign', '--detached', '--signer-key', file(`${signer}.sec`), '--output', output, input]),
    check: (signer, signature, input) =>
      sq(['verify', '--signer-cert', file(`${signer}.pub`), '--detached', signature, input], /1 good signature/),
    clearSign: (signer, input, output) =>
      sq(['sign', '--cleartext-signature', '--signer-key', file(`${signer}.sec`), '--output', output, input]),
  }
}

function rnpPeer(ring: string): PgpPeer {
  const rnp = async (args: readonly string[], proof = /(?:)/) => {
    const { stdout, stderr } = await run('rnp', [
      '--homedir',
      ring,
      '--password',
      '',
      '--notty',
      '--overwrite',
      ...args,
    ])
    if (!proof.test(stdout + stderr)) throw new Error(`rnp ${args.join(' ')}: ${stderr}`)
  }
  return {
    name: 'rnp',
    seal: (signer, readers, input, output) =>
      rnp([
        ...['--encrypt', '--sign', '--armor', '-u', address(signer)],
        ...readers.flatMap((reader) => ['-r', address(reader)]),
        ...['--output', output, input],
      ]),
    open: (_reader, _signer, input, output) => rnp(['--decrypt', '--output', output, input], /Good signature/),
    detach: (signer, input, output) =>
      rnp(['--sign', '--detach', '--armor', '-u', address(signer), '--output', output, input]),
    check: (_signer, signature, input) => rnp(['--verify', '--source', input, signature], /Good signature/),
    clearSign: (signer, input, output) => rnp(['--clearsign', '-u', address(signer), '--output', output, input]),
  }
}

/** An RNP message with the AEAD packet of the drafts before RFC 9580, which GnuPG 2.3 and later write as well. */
export async function earlyAead(gnupg: Gpg, mode: 'EAX' | 'OCB', reader: string, input: string): Promise<Buffer> {
  const output = gnupg.path(`aead-${mode}`)
  const ring = join(gnupg.path('peers'), 'rnp')
  const args = ['--homedir', ring, '--encrypt', `--aead=${mode}`, '--armor', '-r', address(reader)]
  await run('rnp', [...args, '--overwrite', '--output', output, input])
  return readFile(output)
}
