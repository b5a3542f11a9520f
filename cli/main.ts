/** The `secflow` command: a thin face. Exit status 0 fine, 1 findings, 2 wrong use, 3 could not run. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { toFault } from '../shared/fault/index.ts'
import { registerDoctor } from './doctor.ts'
import { registerInit } from './init.ts'
import { type CliIo, processIo } from './io.ts'
import { registerKeys } from './keys.ts'
import { openMailFile } from './mail-file.ts'
import { registerManifest } from './manifest.ts'
import { registerMigrate } from './migrate.ts'
import { registerOpen } from './open.ts'
import { registerPolicy } from './policy.ts'
import { registerInputs } from './policy-inputs.ts'
import { registerReplay } from './policy-replay.ts'
import { registerRollOut } from './policy-roll-out.ts'
import { registerProtect } from './protect.ts'
import { registerQueue } from './queue.ts'
import { registerServe } from './serve.ts'

export async function main(argv: readonly string[], io: CliIo = processIo()): Promise<void> {
  const program = commandLine(io)
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

function commandLine(io: CliIo): Command {
  const program = new Command('secflow')
    .description('Secure e-mail gateway: policy per recipient, S/MIME, OpenPGP, PDF container, FileLink, portal.')
    .version(version(), '-V, --version')
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .exitOverride()
    .showHelpAfterError('(add --help for the options and an example)')
  registerServe(program, io)
  registerInit(program, io)
  registerMigrate(program, io)
  registerManifest(program, io)
  registerPolicy(program, io, async (file, { policy, ...options }) => {
    await using mail = await openMailFile(file, options)
    return mail.input(policy)
  })
  const policy = program.commands.find((command) => command.name() === 'policy')!
  registerReplay(policy, io)
  registerInputs(policy, io)
  registerRollOut(policy, io)
  registerProtect(program, io)
  registerOpen(program, io)
  registerDoctor(program, io)
  registerQueue(program, io)
  registerKeys(program, io)
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
