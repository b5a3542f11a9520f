/** `secflow policy build|apply|rollback`: from a folder to the gateway, signed, and back. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { bundleSigner, trustRoots } from '../server/policies/bundle-sign.ts'
import { Fault } from '../shared/fault/index.ts'
import { type BundleSigner, buildBundle, openBundle, packBundle, type TrustRoots } from '../shared/policy/index.ts'
import { type Answer, type Api, apiOf } from './api.ts'
import type { CliIo } from './io.ts'
import { type Common, common, filesOf, print, printDiagnostics, run, serialOf } from './policy-command.ts'
import { printReplay, type ReplayLike } from './policy-replay-print.ts'

const KEY_HELP = `

A key pair (keep the first file secret, name the second in policyTrust of the gateway):
  $ openssl genpkey -algorithm ed25519 -out policy-key.pem
  $ openssl pkey -in policy-key.pem -pubout -out policy-key.pub.pem`

export interface RollOutParts {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Epoch ms. */
  now(): number
}

const machine: RollOutParts = { env: process.env, now: () => Date.now() }

export function registerRollOut(policy: Command, io: CliIo, parts: RollOutParts = machine): void {
  registerBuild(policy, io, parts)
  registerApply(policy, io, parts)
  registerRollback(policy, io, parts)
}

interface BuildOptions extends Common {
  readonly key: string
  readonly output: string
  readonly serial?: number
}

function registerBuild(policy: Command, io: CliIo, parts: RollOutParts): void {
  common(
    policy.command('build').argument('<dir>'),
    'build examples/demo/policies --key policy-key.pem -o policy.bundle',
    KEY_HELP,
  )
    .description('sign the rule sets of a directory as a bundle that gateways take')
    .requiredOption('--key <file>', 'Ed25519 private key, PEM')
    .requiredOption('-o, --output <file>', 'where the bundle goes')
    .option('--serial <number>', 'above that of every bundle before (default: seconds since 1970)', serialOf)
    .action((dir: string, options: BuildOptions) =>
      run(io, async () => {
        const signer = await signerOf(io, options.key)
        const serial = options.serial ?? seconds(parts)
        const { text, manifest, diagnostics } = buildBundle(await filesOf(io, dir), {
          serial,
          createdAt: timeOf(parts),
          signer,
        })
        if (!options.json) printDiagnostics(io, diagnostics, options.lang)
        if (text === null || manifest === null) {
          if (options.json) print(io, { built: false, diagnostics })
          return io.exit(1)
        }
        await writeFile(path.resolve(io.cwd, options.output), text)
        const { revision } = manifest
        if (options.json) print(io, { built: true, serial, revision, keyid: signer.keyid, diagnostics })
        else
          io.out(
            `${options.output}: serial ${serial}, revision ${revision.slice(0, 12)}, signed by key ${signer.keyid.slice(0, 12)}\nNext: secflow policy apply ${options.output} --url https://gateway`,
          )
        io.exit(0)
      }),
    )
}

const words = {
  de: {
    nothingInForce: 'Es gilt noch keine Richtlinie: nichts zum Vergleichen.',
    notApplied: 'Nichts wurde in Kraft gesetzt. Wenn es so sein soll',
    inForce: 'In Kraft auf',
    serial: 'Nummer',
    revision: 'Fassung',
    stays: 'Die geltende Richtlinie bleibt.',
  },
  en: {
    nothingInForce: 'No policy is in force: there is nothing to compare with.',
    notApplied: 'Nothing was applied. If this is what you want',
    inForce: 'In force on',
    serial: 'serial',
    revision: 'revision',
    stays: 'The policy in force stays.',
  },
} as const

interface RemoteOptions extends Common {
  readonly url: string
  readonly token?: string
  readonly note?: string
  readonly since: string
  readonly replayLimit: number
  readonly acceptOpening?: boolean
}

const remote = (command: Command) =>
  command
    .requiredOption('--url <url>', 'base of the gateway, e.g. https://mail.example')
    .option('--token <token>', 'access token with the scope policy:apply (default: SECFLOW_TOKEN)')
    .option('--note <text>', 'why; stands in the audit')
    .option('--since <age>', 'recorded mail that is decided again before: 12h, 30d, 8w', '30d')
    .option('--replay-limit <n>', 'at most so many of them, the newest; 0 for none', countOf, 10_000)
    .option('--accept-opening', 'go on where mail that was rejected is delivered, or encrypted mail leaves in clear')

function registerApply(policy: Command, io: CliIo, parts: RollOutParts): void {
  remote(common(policy.command('apply').argument('<bundle>'), 'apply policy.bundle --url https://mail.example'))
    .description('show what a bundle does to recent mail, then put it in force; a bad one changes nothing')
    .action((file: string, options: RemoteOptions) =>
      run(io, async () => {
        const bundle = await readFile(path.resolve(io.cwd, file), 'utf8').catch(unreadable(file))
        const api = apiOf(options.url, options.token ?? parts.env.SECFLOW_TOKEN, options.lang)
        if (!(await shadow(io, api, bundle, options))) return io.exit(1)
        applied(io, await api.post('/policies', { bundle, note: options.note ?? '' }), options)
      }),
    )
}

interface RollbackOptions extends RemoteOptions {
  readonly key?: string
  readonly trust?: readonly string[]
}

function registerRollback(policy: Command, io: CliIo, parts: RollOutParts): void {
  remote(
    common(
      policy.command('rollback').argument('<serial>', 'version to go back to', serialOf),
      'rollback 1772445600 --url https://mail.example',
    ),
  )
    .description(
      'put an older version in force again: as it was signed, or with --key signed again under a higher serial',
    )
    .option('--key <file>', 'Ed25519 private key, PEM: make a new bundle of the old content')
    .option('--trust <file...>', 'with --key: public keys, PEM, of others whose old bundles may be signed again')
    .action((serial: number, options: RollbackOptions) =>
      run(io, async () => {
        const signer = options.key === undefined ? null : await againSigner(io, options.key, options.trust ?? [])
        const api = apiOf(options.url, options.token ?? parts.env.SECFLOW_TOKEN, options.lang)
        const old = (await api.get(`/policies/${serial}`)).body as { readonly bundle: string }
        const bundle = signer ? await signedAgain(api, old.bundle, signer, parts) : null
        if (!(await shadow(io, api, bundle ?? old.bundle, options))) return io.exit(1)
        const note = options.note ?? `rollback to ${serial}`
        const answer =
          bundle === null
            ? await api.post('/policies/rollback', { serial, note })
            : await api.post('/policies', { bundle, note })
        applied(io, answer, options)
      }),
    )
}

/** Signs, and says whose old bundles it signs again. */
interface AgainSigner {
  readonly signer: BundleSigner
  readonly trust: TrustRoots | null
}

async function againSigner(io: CliIo, key: string, others: readonly string[]): Promise<AgainSigner> {
  const read = (file: string) => readFile(path.resolve(io.cwd, file), 'utf8').catch(unreadable(file))
  const pem = await read(key)
  const roots = await Promise.all(others.map(async (file) => ({ id: file, publicKey: await read(file) })))
  return { signer: bundleSigner(pem), trust: trustRoots([{ id: key, publicKey: pem }, ...roots]) }
}

/** An older version under a serial above the newest. Against a gateway that hands out something else: only what is signed is signed again. */
async function signedAgain(
  api: Api,
  text: string,
  { signer, trust }: AgainSigner,
  parts: RollOutParts,
): Promise<string> {
  const { versions } = (await api.get('/policies?limit=1')).body as { readonly versions: readonly { serial: number }[] }
  const { bundle, diagnostics } = openBundle(text, { trust, currentSerial: 0 })
  if (!bundle) throw new Fault('policy-invalid', diagnostics[0]?.text.en)
  const { manifest, files } = bundle
  return packBundle(manifest.revision, files, {
    serial: Math.max(seconds(parts), (versions[0]?.serial ?? 0) + 1),
    createdAt: timeOf(parts),
    signer,
  }).text
}

/**
 * Decides recent mail again under the bundle and shows the difference. False when something opens that nobody accepted: then
 * nothing is applied. A bundle that cannot be read is left to `apply`, which refuses and audits it.
 */
async function shadow(io: CliIo, api: Api, bundle: string, options: RemoteOptions): Promise<boolean> {
  const { replayLimit, since, json, lang, acceptOpening } = options
  if (replayLimit === 0) return true
  const { active } = (await api.get('/policies?limit=1')).body
  if (active === null) {
    if (!json) io.out(words[lang].nothingInForce)
    return true
  }
  const { ok, body } = await api.post('/policies/replay', { bundle, since, limit: replayLimit })
  if (!ok) return true
  const report = body as unknown as ReplayLike
  if (!json) printReplay(io, report, lang)
  const { rejectToDeliver, encryptedToClear } = report.gates
  if (acceptOpening || rejectToDeliver.recipients + encryptedToClear.recipients === 0) return true
  if (json) print(io, { applied: false, replay: report })
  else io.err(`${words[lang].notApplied}: --accept-opening`)
  return false
}

function countOf(value: string): number {
  const count = Number(value)
  if (/^\d{1,7}$/.test(value) && count <= 1_000_000) return count
  throw new InvalidArgumentError('use 0 to 1000000')
}

function applied(io: CliIo, { ok, body }: Answer, { json, lang, url }: RemoteOptions): void {
  const w = words[lang]
  if (json) print(io, { applied: ok, ...body })
  else if (ok)
    io.out(`${w.inForce} ${url}: ${w.serial} ${body.serial}, ${w.revision} ${String(body.revision).slice(0, 12)}`)
  else {
    const found = (body.diagnostics ?? []) as readonly Readonly<Record<string, unknown>>[]
    for (const { file, line, column, severity, code, text } of found)
      io.err(`${file}:${line}:${column}  ${severity}  ${code}  ${text}`)
    io.err(`${[body.title, found.length === 0 ? body.detail : ''].filter(Boolean).join(': ')}. ${w.stays}`)
  }
  io.exit(ok ? 0 : 1)
}

async function signerOf(io: CliIo, file: string): Promise<BundleSigner> {
  return bundleSigner(await readFile(path.resolve(io.cwd, file), 'utf8').catch(unreadable(file)))
}

export const unreadable = (file: string) => (cause: unknown) => {
  throw new Fault('config-missing', `${file} cannot be read`, { cause })
}

const seconds = ({ now }: RollOutParts) => Math.floor(now() / 1000)
const timeOf = ({ now }: RollOutParts) => `${new Date(now()).toISOString().slice(0, 19)}Z`
