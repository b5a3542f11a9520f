import { Command } from 'commander'
import type { CliIo } from '../../cli/io.ts'

export interface Said {
  readonly out: string
  readonly err: string
  readonly code: number
}

/** Runs one command in this process and gives what it said. Wrong use rejects with commander's error. */
export async function runCommand(
  register: (program: Command, io: CliIo) => void,
  argv: readonly string[],
  cwd: string,
): Promise<Said> {
  const lines = { out: [] as string[], err: [] as string[] }
  let status = 0
  const io: CliIo = {
    out: (text) => void lines.out.push(text),
    err: (text) => void lines.err.push(text),
    exit(code) {
      status = code
    },
    cwd,
    color: false,
  }
  const program = new Command()
  register(program, io)
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: (text) => io.err(text.trimEnd()) })
  }
  await program.parseAsync([...argv], { from: 'user' })
  return { out: lines.out.join('\n'), err: lines.err.join('\n'), code: status }
}
