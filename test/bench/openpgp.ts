/**
 * OpenPGP beside gpg on the same files in the same rounds, per CPU second: sign and encrypt, decrypt and verify, 10 KB and
 * 120 MB, armored as PGP/MIME is, nothing compressed. gpg is a process for every mail: its figures at 10 KB are what a gateway
 * that calls it would get. The 120 MB rows of memory stand beside the limit of issue 6.
 */
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { generatePgpKey, type PgpKeyKind } from '../../server/journey/transform/openpgp/index.ts'
import { randomOf } from '../nightly/random.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { cpuSeconds, runJob } from './job.ts'
import { type Bench, rowOf } from './row.ts'

const run = promisify(execFile)

const ROUNDS = 5
const SMALL = 10 * 1024
const LARGE = 120 * 1024 * 1024
const MEMORY_LIMIT_MB = 120
/** One measurement of small messages, s, and how many gpg gets in its own. */
const SECONDS = 1.5
const GPG_RUNS = 15
/** As `secflow serve` starts (bin/secflow.mjs): what V8 does not collect counts as memory. */
const AS_SERVED = {
  options: ['--max-semi-space-size=2', '--heap-growing-percent=100'],
  env: { MALLOC_ARENA_MAX: '2' },
}
const KINDS: readonly PgpKeyKind[] = ['ecc', 'rsa3072']

export const openpgp: Bench = async function* (say) {
  const folder = await mkdtemp(join(tmpdir(), 'sfpgp-'))
  await using gnupg = await startGpg()
  try {
    for (const kind of KINDS) yield* measured(kind, folder, gnupg, say)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function* measured(kind: PgpKeyKind, folder: string, gnupg: Gpg, say: (text: string) => void): ReturnType<Bench> {
  const time = Date.now() - 60_000
  const address = `${kind}@bench.example`
  const key = await generatePgpKey({ name: 'Bench', address, time, kind })
  await gnupg.trust(key.armoredPrivate)
  const file = (name: string) => join(folder, `${kind}-${name}`)
  const ours = (work: string, input: string, output: string) =>
    runJob(
      'openpgp-process.mjs',
      folder,
      { work, key, time: Date.now(), input: file(input), output: file(output), seconds: SECONDS },
      AS_SERVED,
    )
  const seal = ['--armor', '-z', '0', '-u', address, '-r', address, '--sign', '--encrypt']
  await writeFile(file('small'), random(SMALL))
  await writeRandom(file('large'), LARGE)
  await gpgCpu(gnupg, seal, file('small'), file('small.asc'), 1)

  const rates = { encryptSmall: pairs(), decryptSmall: pairs(), encryptLarge: pairs(), decryptLarge: pairs() }
  const memory: { encrypt: number[]; decrypt: number[] } = { encrypt: [], decrypt: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    const encrypted = await ours('encryptMany', 'small', 'none')
    rates.encryptSmall.ours.push(encrypted.count / (encrypted.cpuMs / 1000))
    rates.encryptSmall.peer.push(GPG_RUNS / (await gpgCpu(gnupg, seal, file('small'), file('small.asc'), GPG_RUNS)))
    const decrypted = await ours('decryptMany', 'small.asc', 'none')
    rates.decryptSmall.ours.push(decrypted.count / (decrypted.cpuMs / 1000))
    rates.decryptSmall.peer.push(
      GPG_RUNS / (await gpgCpu(gnupg, ['--decrypt'], file('small.asc'), file('small.out'), GPG_RUNS)),
    )
    if (kind !== 'ecc') continue
    const megabytes = LARGE / 1e6
    const sealed = await ours('encryptFile', 'large', 'large.own')
    rates.encryptLarge.ours.push(megabytes / (sealed.cpuMs / 1000))
    rates.encryptLarge.peer.push(megabytes / (await gpgCpu(gnupg, seal, file('large'), file('large.asc'), 1)))
    memory.encrypt.push(sealed.rssMb)
    const opened = await ours('decryptFile', 'large.asc', 'large.out')
    rates.decryptLarge.ours.push(megabytes / (opened.cpuMs / 1000))
    rates.decryptLarge.peer.push(
      megabytes / (await gpgCpu(gnupg, ['--decrypt'], file('large.asc'), file('large.gpg'), 1)),
    )
    memory.decrypt.push(opened.rssMb)
    await run('cmp', [file('large'), file('large.out')])
    await run('cmp', [file('large'), file('large.gpg')])
    say(
      `round ${round + 1}: 120 MB in ${(sealed.cpuMs / 1000).toFixed(2)} s out, ${(opened.cpuMs / 1000).toFixed(2)} s in`,
    )
  }
  const of = kind === 'ecc' ? '' : `_${kind}`
  const small = { bench: 'openpgp', unit: 'per CPU s', peer: 'gpg', better: 'more' } as const
  yield rowOf({ ...small, metric: `encrypt_sign_10k${of}` }, rates.encryptSmall.ours, rates.encryptSmall.peer)
  yield rowOf({ ...small, metric: `decrypt_verify_10k${of}` }, rates.decryptSmall.ours, rates.decryptSmall.peer)
  if (kind !== 'ecc') return
  const large = { ...small, unit: 'MB per CPU s' } as const
  yield rowOf({ ...large, metric: 'encrypt_sign_120m' }, rates.encryptLarge.ours, rates.encryptLarge.peer)
  yield rowOf({ ...large, metric: 'decrypt_verify_120m' }, rates.decryptLarge.ours, rates.decryptLarge.peer)
  const held = { bench: 'openpgp', unit: 'MB RSS', peer: 'limit', better: 'less' } as const
  const limit = memory.encrypt.map(() => MEMORY_LIMIT_MB)
  yield rowOf({ ...held, metric: 'encrypt_sign_120m_memory' }, memory.encrypt, limit)
  yield rowOf({ ...held, metric: 'decrypt_verify_120m_memory' }, memory.decrypt, limit)
}

const pairs = (): { ours: number[]; peer: number[] } => ({ ours: [], peer: [] })

/** CPU seconds of gpg; its agent is not among them. */
function gpgCpu(gnupg: Gpg, args: readonly string[], input: string, output: string, runs: number): Promise<number> {
  const gpg = ['gpg', '--batch', '--yes', '--trust-model', 'always', '--output', output, ...args, input]
  return cpuSeconds(gpg, runs, { GNUPGHOME: gnupg.home })
}

const random = (bytes: number) => randomOf(1, bytes).bytes(bytes)

async function writeRandom(path: string, bytes: number): Promise<void> {
  const piece = random(1 << 20)
  const out = createWriteStream(path)
  for (let left = bytes; left > 0; left -= piece.length) {
    if (!out.write(piece)) await new Promise<void>((resolve) => out.once('drain', resolve))
  }
  out.end()
  await finished(out)
}
