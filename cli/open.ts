import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { loadConfig } from '../server/config.ts'
import {
  KIND_WORDS,
  type OpenedLayer,
  type OpenedMail,
  openedMessage,
  openMail,
} from '../server/journey/transform/open/index.ts'
import { parseAddresses } from '../server/mime/address-list.ts'
import { firstValue } from '../server/mime/header.ts'
import { indexMime } from '../server/mime/index-mime.ts'
import { openFacts } from '../server/people/facts-house.ts'
import { tenantSecrets } from '../server/platform/secrets.ts'
import type { ByteSource } from '../server/ports/bytes.ts'
import { tenantId } from '../shared/domain/index.ts'
import { Fault } from '../shared/fault/index.ts'
import type { CliIo } from './io.ts'
import { type Language, language } from './language.ts'
import { mailSource } from './mail-file.ts'

interface Options {
  readonly facts?: string
  readonly config?: string
  readonly tenant?: string
  readonly out?: string
  readonly lang: Language
  readonly at?: number
  readonly json?: true
}

/** `secflow open`: decrypts and verifies one inbound mail. */
export function registerOpen(program: Command, io: CliIo): void {
  program
    .command('open')
    .argument('<mail>', 'mail file (.eml)')
    .description('decrypt and verify an inbound mail')
    .option('--facts <file>', 'YAML with our private keys, trusted authorities and keys of people')
    .option('--config <file>', 'secflow.yaml, in place of --facts: the facts file of its tenant')
    .option('--tenant <id>', 'which tenant of the configuration, where it has several')
    .option('--at <time>', 'when the mail was received, ISO 8601 (default: now); certificates must hold then', time)
    .option('--out <file>', 'write the opened mail here')
    .option('--lang <language>', 'de or en', language, 'en')
    .option('--json', 'print what was found as JSON')
    .addHelpText(
      'after',
      '\nExit status: 0 everything is good, or there is nothing to open; 1 something is not good.\n\nExample:\n  $ secflow open mail.eml --facts facts.yaml --out opened.eml',
    )
    .action((mail: string, options: Options) => openFile(mail, options, io))
}

function time(value: string): number {
  const at = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('not a time such as 2026-11-23T09:00:00Z')
  return at
}

async function openFile(file: string, options: Options, io: CliIo): Promise<void> {
  const wrong = wrongUse(options)
  if (wrong) {
    io.err(wrong)
    io.exit(2)
    return
  }
  await using source = await mailSource(path.resolve(io.cwd, file))
  const { fields } = (await indexMime(source)).root
  const from = parseAddresses(firstValue(fields, 'from') ?? '')[0]?.address ?? ''
  const at = options.at ?? Date.now()
  await using opened = await openMail(source, await keysFor(options, io.cwd, at), { at, from })
  const written = await writeOut(source, opened, options, io.cwd)
  if (options.json) io.out(JSON.stringify({ verdict: opened.verdict, layers: opened.layers, written }, null, 2))
  else print(io, opened, written, from, options.lang)
  io.exit(opened.verdict.state === 'good' || opened.verdict.state === 'plain' ? 0 : 1)
}

function wrongUse({ facts, config, tenant }: Options): string | null {
  if (facts !== undefined && config !== undefined) return 'Either --facts or --config, not both.'
  return tenant !== undefined && config === undefined ? '--tenant belongs to --config.' : null
}

async function keysFor(options: Options, cwd: string, now: number) {
  const { tenant, facts } = whose(options, cwd)
  // The keys of this run are sealed for this run alone.
  const house = await openFacts(facts, { tenant, secrets: tenantSecrets(randomBytes(32)), now })
  const addresses = [...new Set(house.keys.map(({ address }) => address))]
  const { smime, pgp } = await house.keyring.decryptionKeys(tenant, addresses)
  return {
    smime,
    pgp,
    anchors: await house.keyring.anchors(tenant),
    verification: (address: string) => house.keyring.verificationKeys(tenant, address),
  }
}

function whose({ facts, config, tenant }: Options, cwd: string) {
  const id = tenantId('local')
  if (facts !== undefined) return { tenant: id, facts: path.resolve(cwd, facts) }
  if (config === undefined) return { tenant: id, facts: null }
  const { tenants } = loadConfig({ file: path.resolve(cwd, config), env: process.env, cwd })
  const found = tenant === undefined ? tenants[0] : tenants.find((one) => one.id === tenant)
  if (tenant === undefined && tenants.length > 1) {
    throw new Fault('config-missing', `say --tenant: ${tenants.map((one) => one.id).join(', ')}`)
  }
  if (!found) throw new Fault('config-missing', `there is no tenant ${tenant ?? ''}`)
  return { tenant: tenantId(found.id), facts: found.people }
}

/** Writes header and inner content, whole or not at all; the path, or null where nothing may be released. */
async function writeOut(source: ByteSource, opened: OpenedMail, { out }: Options, cwd: string): Promise<string | null> {
  if (out === undefined || opened.content === null) return null
  const message = openedMessage(await indexMime(source), opened.content, opened.subject)
  const target = path.resolve(cwd, out)
  const part = `${target}.part`
  try {
    const handle = await open(part, 'w', 0o600)
    try {
      for await (const chunk of message.stream()) await handle.write(chunk)
    } finally {
      await handle.close()
    }
    await rename(part, target)
  } catch (cause) {
    await rm(part, { force: true })
    throw new Fault('config-invalid', `${out} cannot be written`, { cause })
  }
  return target
}

const LABELS = {
  en: {
    signer: 'names',
    issuer: 'issued by',
    key: 'key',
    claimed: 'signed, as it says,',
    from: 'From',
    out: 'Written to',
  },
  de: {
    signer: 'nennt',
    issuer: 'ausgestellt von',
    key: 'Schlüssel',
    claimed: 'signiert laut Angabe',
    from: 'From',
    out: 'Geschrieben nach',
  },
} as const
const WITHHELD = {
  en: 'Nothing was written: the content is not released.',
  de: 'Nichts wurde geschrieben: Der Inhalt wird nicht freigegeben.',
} as const

function print(io: CliIo, opened: OpenedMail, written: string | null, from: string, lang: Language): void {
  const label = LABELS[lang]
  const { state, words } = opened.verdict
  for (const [at, layer] of opened.layers.entries()) {
    io.out(`${at + 1}. ${KIND_WORDS[layer.kind][lang]}: ${layer.state}`)
    if (layer.algorithm) io.out(`   ${layer.algorithm}`)
    if (layer.signer) io.out(`   ${signerLine(layer, lang)}`)
    if (layer.signedAt !== null) io.out(`   ${label.claimed} ${new Date(layer.signedAt).toISOString()}`)
    io.out(`   ${layer.words[lang]}`)
  }
  if (state === 'from-differs') io.out(`   ${label.from}: ${visible(from)}`)
  io.out(`${state}: ${words[lang]}`)
  if (written) io.out(`${label.out} ${written}`)
  else if (opened.content === null) io.out(WITHHELD[lang])
}

function signerLine({ signer }: OpenedLayer, lang: Language): string {
  const label = LABELS[lang]
  const who = [signer?.name, signer?.address && `<${signer.address}>`].filter(Boolean).join(' ') || '?'
  const issuer = signer?.issuer ? `, ${label.issuer} ${signer.issuer}` : ''
  return `${label.signer} ${who}${issuer}${signer?.fingerprint ? `, ${label.key} ${signer.fingerprint}` : ''}`
}

/** A stranger's text for a terminal. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '')
}
