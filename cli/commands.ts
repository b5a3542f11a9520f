import type { Command } from 'commander'
import { registerDoctor } from './doctor.ts'
import { registerInit } from './init.ts'
import type { CliIo } from './io.ts'
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

/** Every command, in the order in which the help lists them. */
export function registerAll(program: Command, io: CliIo): void {
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
}
