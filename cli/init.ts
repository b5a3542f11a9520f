import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { dkimRecord, zoneLine } from '../server/journey/seal/dkim-record.ts'
import { tenantId } from '../shared/domain/index.ts'
import { aLabel } from '../shared/policy/text/domain.ts'
import type { CliIo } from './io.ts'
import { starterFiles } from './starter.ts'

interface Options {
  readonly dir: string
  readonly tenant: string
  readonly name?: string
  readonly domain: string
  readonly dkim?: string
  readonly json?: true
}

/** `secflow init`: a configuration with fresh secrets and a first policy. Overwrites nothing. */
export function registerInit(program: Command, io: CliIo): void {
  program
    .command('init')
    .description('write a configuration with fresh secrets and a first policy')
    .option('--dir <dir>', 'where to write', '.')
    .option('--tenant <id>', 'id of the first tenant', knownAsTenant, 'main')
    .option('--name <name>', 'its name, as recipients read it (default: the domain)')
    .option('--domain <domain>', 'its mail domain', knownAsDomain, 'example.com')
    .option('--dkim <selector>', 'with a fresh DKIM key (RSA-2048) under this selector', knownAsSelector)
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  secflow init --dir /etc/secflow --tenant acme --name "ACME Ltd" --domain acme.example',
    )
    .action((options: Options) => initialise(options, io))
}

function initialise(options: Options, io: CliIo): void {
  const { tenant, domain, name = domain, json } = options
  const dir = resolve(io.cwd, options.dir)
  const dkim = options.dkim === undefined ? undefined : { selector: options.dkim, key: freshKey() }
  const record = dkim ? dkimRecord({ domain, ...dkim }) : undefined
  const files = starterFiles(
    { id: tenant, name, domain, ...(dkim ? { dkim } : {}) },
    randomBytes(32).toString('base64'),
  )
  const taken = files.filter(({ path }) => existsSync(join(dir, path))).map(({ path }) => path)
  if (taken.length > 0) {
    if (json) io.out(JSON.stringify({ written: [], taken }))
    else io.err(`Nothing was written: ${taken.join(', ')} in ${dir} would be overwritten.`)
    io.exit(1)
    return
  }
  for (const { path, content, secret } of files) {
    const target = join(dir, path)
    mkdirSync(dirname(target), { recursive: true, mode: path.startsWith('secrets/') ? 0o700 : 0o755 })
    // `wx`: what appeared meanwhile is not overwritten either, and a link is not followed.
    writeFileSync(target, content, { flag: 'wx', mode: secret ? 0o600 : 0o644 })
  }
  if (json) {
    io.out(JSON.stringify({ dir, written: files.map(({ path }) => path), ...(record ? { dkim: record } : {}) }))
    return
  }
  const config = relative(io.cwd, join(dir, 'secflow.yaml')) || 'secflow.yaml'
  io.out(
    [
      `Written to ${dir}:`,
      ...files.map(({ path, secret }) => `  ${path}${secret ? '  (readable by you only)' : ''}`),
      '',
      'Keep a copy of secrets/master in a safe: without it, stored keys and files cannot be opened.',
      ...(domain === 'example.com' ? ['The domain is example.com: put yours into secflow.yaml and the policy.'] : []),
      ...(record ? ['', 'Publish this record; secflow doctor compares it with the key:', `  ${zoneLine(record)}`] : []),
      '',
      'Next:',
      `  secflow policy check ${relative(io.cwd, join(dir, 'policy')) || 'policy'}`,
      `  SECFLOW_CONFIG=${config} secflow doctor`,
      `  secflow serve --config ${config}`,
    ].join('\n'),
  )
}

const freshKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

function knownAsSelector(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError('Lower-case letters, digits and hyphens, at most 63.')
}

function knownAsTenant(text: string): string {
  try {
    return tenantId(text)
  } catch {
    throw new InvalidArgumentError('Lower-case letters, digits and hyphens, at most 63.')
  }
}

function knownAsDomain(text: string): string {
  const domain = aLabel(text)
  if (domain === null) throw new InvalidArgumentError('Not a domain.')
  return domain
}
