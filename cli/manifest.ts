/** `secflow manifest check`: what Outlook or the administrator's centre would not take, without asking either. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { checkManifest } from '../addin/manifest/check.ts'
import type { FetchFile } from '../addin/manifest/check-files.ts'
import type { Finding } from '../addin/manifest/finding.ts'
import { Fault } from '../shared/fault/index.ts'
import type { CliIo } from './io.ts'

interface Options {
  readonly url?: string
  readonly files?: string
  readonly json?: true
}

/** Ms that a host may take for a file, and bytes that one may have. */
const PATIENCE = 15_000
const LARGEST = 4 * 1_048_576

export function registerManifest(program: Command, io: CliIo): void {
  program
    .command('manifest')
    .description('the manifest of the Outlook add-in')
    .command('check')
    .argument('[file]', 'add-in only manifest (.xml)')
    .description('check a manifest: order, ids, lengths, languages, addresses, events, pictures, script')
    .option('--url <url>', 'fetch the manifest from here, and pictures and script from where it says')
    .option(
      '--files <folder>',
      "where pictures and script of a file's /addin/ lie (default: those of this installation)",
    )
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      '\nExit status: 0 nothing stands against it; 1 something does; 2 wrong use; 3 it could not be read.\n\nExample:\n  $ secflow manifest check --url https://mail.example/addin/manifest.xml',
    )
    .action((file: string | undefined, options: Options) => check(file, options, io))
}

async function check(file: string | undefined, options: Options, io: CliIo): Promise<void> {
  if (
    (file === undefined) === (options.url === undefined) ||
    (options.url !== undefined && options.files !== undefined)
  ) {
    io.err('Either a file or --url; --files belongs to a file.')
    io.exit(2)
    return
  }
  const findings = await findingsOf(file, options, io.cwd)
  const errors = findings.filter(({ severity }) => severity === 'error').length
  if (options.json) io.out(JSON.stringify({ manifest: options.url ?? file, errors, findings }, null, 2))
  else print(io, findings, errors)
  io.exit(errors > 0 ? 1 : 0)
}

async function findingsOf(file: string | undefined, { url, files }: Options, cwd: string): Promise<readonly Finding[]> {
  if (url !== undefined) {
    const manifest = await overHttp(url)
    if (typeof manifest === 'string') throw new Fault('not-found', `${url}: ${manifest}`)
    return checkManifest(new TextDecoder().decode(manifest.bytes), overHttp)
  }
  const target = path.resolve(cwd, file!)
  let text: string
  try {
    text = await readFile(target, 'utf8')
  } catch (cause) {
    throw new Fault('not-found', `${file} cannot be read`, { cause })
  }
  return checkManifest(text, fromFolder(files === undefined ? ownFiles() : path.resolve(cwd, files)))
}

const overHttp: FetchFile = async (url) => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) })
    if (!response.ok) return `the host answers ${response.status}`
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > LARGEST) return `it has more than ${LARGEST} bytes`
      chunks.push(chunk)
    }
    return { bytes: Buffer.concat(chunks), cacheControl: response.headers.get('cache-control') }
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error
    return cause instanceof Error ? cause.message : String(cause)
  }
}

/** Addresses below `/addin/` are files of the folder. */
function fromFolder(folder: string): FetchFile {
  return async (url) => {
    const name = /^https?:\/\/[^/]+(?:\/.*)?\/addin\/((?:[\w-]+\/)*[\w.-]+)$/.exec(url.split('?', 1)[0]!)?.[1]
    if (name === undefined) return 'it is not below /addin/, where its file is not known'
    try {
      return { bytes: await readFile(path.join(folder, name)), cacheControl: null }
    } catch {
      return `${name} is not there`
    }
  }
}

/** Beside the sources, and in the package above `dist`. */
function ownFiles(): string {
  const places = ['../addin/public', '../../addin/public'].map((place) => path.join(import.meta.dirname, place))
  return places.find((place) => existsSync(place)) ?? places[0]!
}

function print(io: CliIo, findings: readonly Finding[], errors: number): void {
  for (const { severity, rule, line, text } of findings)
    io.out(`${line === 0 ? '-' : line}: ${severity}: ${text} [${rule}]`)
  const warnings = findings.length - errors
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  io.out(findings.length === 0 ? 'The manifest is fine.' : `${count(errors, 'error')}, ${count(warnings, 'warning')}.`)
}
