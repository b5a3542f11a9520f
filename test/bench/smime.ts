/**
 * S/MIME per CPU second beside two peers of the same rounds. `openssl speed`: the limit, which is the RSA or EC operation and
 * one pass of hash or cipher over 10 KB, and nothing else. `openssl cms`: a process for every mail, what a gateway that calls
 * it would get. Signing is the whole multipart/signed; encrypting and decrypting is the CMS container, without the base64
 * around it, as `openssl cms -outform DER`. The rows of 120 MB have a row of memory beside the limit of issue 6.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cpuSeconds, type Measured, runJob } from './job.ts'
import { type Bench, median, type Row, rowOf } from './row.ts'

const run = promisify(execFile)

const ROUNDS = 5
const SMALL = 10 * 1024
const LARGE = 120 * 1024 * 1024
const MEMORY_LIMIT_MB = 120
/** One measurement of small messages, s, and how many openssl gets in its own. */
const SECONDS = 1
const CLI_RUNS = 15
const KEYS = {
  rsa2048: ['rsa:2048'],
  rsa3072: ['rsa:3072'],
  rsa4096: ['rsa:4096'],
  p256: ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
} as const
type Key = keyof typeof KEYS

interface Timed extends Measured {
  readonly wallMs: number
}

interface Pairs {
  readonly ours: number[]
  readonly limit: number[]
  readonly cli: number[]
}

export const smime: Bench = async function* (say) {
  const folder = await mkdtemp(join(tmpdir(), 'sfsmime-'))
  try {
    yield* measured(folder, say)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function* measured(folder: string, say: (text: string) => void): AsyncGenerator<Row> {
  const file = (name: string) => join(folder, name)
  for (const [name, options] of Object.entries(KEYS)) {
    const about = ['-subj', `/CN=${name}`, '-days', '30', '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)]
    await run('openssl', ['req', '-x509', '-nodes', '-newkey', ...options, ...about])
  }
  // What is decrypted has to begin like a MIME entity.
  const lines = `${'x'.repeat(74)}\r\n`.repeat(Math.floor(SMALL / 76))
  await writeFile(file('small'), `Content-Type: text/plain\r\n\r\n${lines}`)
  await run('openssl', ['rand', '-out', file('large'), String(LARGE)])
  const order = (work: string, key: Key, input: string, output: string, lanes = 4) => ({
    work,
    certificate: file(`${key}.crt`),
    key: file(`${key}.key`),
    input: file(input),
    output: file(output),
    seconds: SECONDS,
    lanes,
  })
  const ours = (...what: Parameters<typeof order>) => runJob<Timed>('smime-process.mjs', folder, order(...what))
  /** With room for young objects as the gateway has it: how far V8's own choice grows hangs on which modules are loaded. */
  const largeJob = (...what: Parameters<typeof order>) =>
    runJob<Timed>('smime-process.mjs', folder, order(...what), { options: ['--max-semi-space-size=2'] })
  /** The same by the clock instead of by processor time. */
  const clocked = (pin: readonly string[]) =>
    runJob<Timed>(
      'smime-process.mjs',
      folder,
      { ...order('signMany', 'rsa2048', 'small', 'none', 16), best: 'wall' },
      { pin },
    )
  const cms = (...args: readonly string[]) => ['openssl', 'cms', '-binary', '-outform', 'DER', ...args]
  const signCli = (key: Key) =>
    cms('-sign', '-signer', file(`${key}.crt`), '-inkey', file(`${key}.key`), '-in', file('small'), '-out', file('cli'))
  const oaep = ['-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256']
  const sealCli = (cipher: string, input: string, output: string) =>
    cms('-encrypt', cipher, '-stream', '-in', file(input), '-out', file(output), '-recip', file('rsa2048.crt'), ...oaep)
  const openCli = (input: string, output: string) => [
    ...['openssl', 'cms', '-binary', '-inform', 'DER', '-decrypt', '-in', file(input), '-out', file(output)],
    ...['-recip', file('rsa2048.crt'), '-inkey', file('rsa2048.key')],
  ]
  await cpuSeconds(sealCli('-aes-256-cbc', 'small', 'small.cbc'), 1)

  const small = new Map<string, Pairs>()
  const cores = { two: [] as number[], one: [] as number[], limit: [] as number[] }
  const large = { encrypt: pairs(), decrypt: pairs(), encryptMb: [] as number[], decryptMb: [] as number[] }
  for (let round = 0; round < ROUNDS; round += 1) {
    const limit = await limits()
    for (const key of Object.keys(KEYS) as Key[]) {
      const one = kept(small, `sign_${key}_10k`)
      one.ours.push(perCpu(await ours('signMany', key, 'small', 'none')))
      one.limit.push(together(limit.sign[key], limit.sha256))
      one.cli.push(CLI_RUNS / (await cpuSeconds(signCli(key), CLI_RUNS)))
    }
    const sealed = kept(small, 'encrypt_rsa2048_10k')
    sealed.ours.push(perCpu(await ours('encryptMany', 'rsa2048', 'small', 'none')))
    sealed.limit.push(together(limit.publicRsa2048, limit.cbcEncrypt))
    sealed.cli.push(CLI_RUNS / (await cpuSeconds(sealCli('-aes-256-cbc', 'small', 'cli'), CLI_RUNS)))
    const opened = kept(small, 'decrypt_rsa2048_10k')
    opened.ours.push(perCpu(await ours('decryptMany', 'rsa2048', 'small.cbc', 'none')))
    opened.limit.push(together(limit.sign.rsa2048, limit.cbcDecrypt))
    opened.cli.push(CLI_RUNS / (await cpuSeconds(openCli('small.cbc', 'cli'), CLI_RUNS)))

    cores.two.push(perSecond(await clocked([])))
    cores.one.push(perSecond(await clocked(['taskset', '-c', '0'])))
    cores.limit.push((await byTheClock(2)) / (await byTheClock(1)))

    const megabytes = LARGE / 1e6
    const out = await largeJob('encryptFile', 'rsa2048', 'large', 'large.der')
    large.encrypt.ours.push(megabytes / (out.cpuMs / 1000))
    large.encrypt.cli.push(megabytes / (await cpuSeconds(sealCli('-aes-256-gcm', 'large', 'large.cli'), 1)))
    large.encryptMb.push(out.rssMb)
    const back = await largeJob('decryptFile', 'rsa2048', 'large.cli', 'large.ours')
    large.decrypt.ours.push(megabytes / (back.cpuMs / 1000))
    large.decrypt.cli.push(megabytes / (await cpuSeconds(openCli('large.der', 'large.theirs'), 1)))
    large.decryptMb.push(back.rssMb)
    await run('cmp', [file('large'), file('large.ours')])
    await run('cmp', [file('large'), file('large.theirs')])
    say(`round ${round + 1}: 120 MB in ${(out.cpuMs / 1000).toFixed(2)} s out, ${(back.cpuMs / 1000).toFixed(2)} s in`)
  }
  const per = { bench: 'smime', unit: 'per CPU s', better: 'more' } as const
  for (const [metric, { ours: values, limit, cli }] of small) {
    yield rowOf({ ...per, metric, peer: 'openssl speed' }, values, limit)
    yield rowOf({ ...per, metric, peer: 'openssl cms' }, values, cli)
  }
  yield rowOf({ ...per, unit: 'per s', metric: 'sign_rsa2048_10k_cores', peer: 'one core' }, cores.two, cores.one)
  say(`two processes of openssl speed do ${median(cores.limit).toFixed(2)} times the work of one on this machine now`)
  const bulk = { ...per, unit: 'MB per CPU s', peer: 'openssl cms' } as const
  yield rowOf({ ...bulk, metric: 'encrypt_120m' }, large.encrypt.ours, large.encrypt.cli)
  yield rowOf({ ...bulk, metric: 'decrypt_120m' }, large.decrypt.ours, large.decrypt.cli)
  const held = { bench: 'smime', unit: 'MB RSS', peer: 'limit', better: 'less' } as const
  const most = large.encryptMb.map(() => MEMORY_LIMIT_MB)
  yield rowOf({ ...held, metric: 'encrypt_120m_memory' }, large.encryptMb, most)
  yield rowOf({ ...held, metric: 'decrypt_120m_memory' }, large.decryptMb, most)
}

const pairs = (): Pairs => ({ ours: [], limit: [], cli: [] })

function kept(all: Map<string, Pairs>, metric: string): Pairs {
  const known = all.get(metric) ?? pairs()
  all.set(metric, known)
  return known
}

const perCpu = ({ count, cpuMs }: Measured) => count / (cpuMs / 1000)
const perSecond = ({ count, wallMs }: Timed) => count / (wallMs / 1000)
/** Rate of two things that are done one after the other. */
const together = (a: number, b: number) => 1 / (1 / a + 1 / b)

interface Limits {
  readonly sign: Readonly<Record<Key, number>>
  readonly publicRsa2048: number
  /** Passes over 10 KB a second. */
  readonly sha256: number
  readonly cbcEncrypt: number
  readonly cbcDecrypt: number
}

/** What `openssl speed` does in a second of user time. */
async function limits(): Promise<Limits> {
  const { stdout } = await run('openssl', [
    'speed',
    '-mr',
    '-seconds',
    '1',
    'rsa2048',
    'rsa3072',
    'rsa4096',
    'ecdsap256',
  ])
  // +F2:<n>:<bits>:<private operations a second>:<public ones>; F4 the same for ECDSA.
  const rates = (line: string, bits: number) => {
    const [, own, open] = new RegExp(`^\\+${line}:\\d+:${bits}:([\\d.e-]+):([\\d.e-]+)`, 'm').exec(stdout) ?? []
    return { own: Number(own), open: Number(open) }
  }
  return {
    sign: {
      rsa2048: rates('F2', 2048).own,
      rsa3072: rates('F2', 3072).own,
      rsa4096: rates('F2', 4096).own,
      p256: rates('F4', 256).own,
    },
    publicRsa2048: rates('F2', 2048).open,
    sha256: await passes('sha256'),
    cbcEncrypt: await passes('aes-256-cbc'),
    cbcDecrypt: await passes('aes-256-cbc', '-decrypt'),
  }
}

/** RSA-2048 signatures a second by the clock in so many processes: what the machine has left beside its other work. */
async function byTheClock(processes: number): Promise<number> {
  const one = ['speed', '-mr', '-elapsed', '-seconds', '1', 'rsa2048']
  const outputs = await Promise.all(Array.from({ length: processes }, () => run('openssl', one)))
  return outputs.reduce((sum, { stdout }) => sum + Number(/^\+F2:\d+:2048:([\d.e-]+)/m.exec(stdout)?.[1]), 0)
}

async function passes(algorithm: string, ...options: readonly string[]): Promise<number> {
  const args = ['speed', '-mr', '-seconds', '1', '-bytes', String(SMALL), ...options, '-evp', algorithm]
  const { stdout } = await run('openssl', args)
  return Number(/^\+F:\d+:[^:]+:([\d.]+)/m.exec(stdout)?.[1]) / SMALL
}
