/** The `secflow` command: a thin face. Exit status 0 fine, 1 findings, 2 wrong use, 3 could not run. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { toFault } from '../shared/fault/index.ts'
import { type CliIo, processIo } from './io.ts'

export async function main(argv: readonly string[], io: CliIo = processIo()): Promise<void> {
  const program = await commandLine(io, argv[0] === 'serve')
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      io.exit(error.exitCode === 0 ? 0 : 2)
      return
    }
    const fault = toFault(error)
    io.err(
      fault.code === 'internal' && fault.cause instanceof Error
        ? `${fault.definition.title.en}: ${fault.cause.message}`
        : `${fault.definition.title.en}${fault.detail ? `: ${fault.detail}` : ''} [${fault.code}]`,
    )
    io.exit(3)
  }
}

/** What `serve` needs not stays out of its memory: the server runs for months, and whatever was once loaded stays. */
async function commandLine(io: CliIo, serves: boolean): Promise<Command> {
  const program = new Command('secflow')
    .description('Secure e-mail gateway: policy per recipient, S/MIME, OpenPGP, PDF container, FileLink, portal.')
    .version(version(), '-V, --version')
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .exitOverride()
    .showHelpAfterError('(add --help for the options and an example)')
  if (serves) (await import('./serve.ts')).registerServe(program, io)
  else (await import('./commands.ts')).registerAll(program, io)
  for (const command of program.commands) inherit(command)
  return program
}

/** Sub-commands report through the same output and throw instead of ending the process. */
function inherit(command: Command): void {
  command.exitOverride()
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    inherit(child)
  }
}

/** From package.json, which stands beside the sources and in the package above `dist`. */
function version(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name: string
        version: string
      }
      if (manifest.name === 'secflow') return manifest.version
    } catch {
      // the other place
    }
  }
  return 'unknown'
}
