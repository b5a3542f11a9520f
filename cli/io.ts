/** What a command may touch: so that tests drive commands without a process. */
export interface CliIo {
  /** One line (or block) to standard output; a line end is added. */
  out(text: string): void
  /** The same to standard error. */
  err(text: string): void
  /** Sets the exit status: 0 fine, 1 findings, 2 wrong use, 3 could not run. Does not stop the process by itself. */
  exit(code: number): void
  readonly cwd: string
  /** Whether colours are welcome (a terminal, NO_COLOR not set). */
  readonly color: boolean
  /** Characters a line of the terminal holds; absent where nobody reads a terminal. */
  readonly columns?: number
}

export function processIo(): CliIo {
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    exit: (code) => {
      process.exitCode = code
    },
    cwd: process.cwd(),
    color: process.stdout.isTTY === true && !process.env.NO_COLOR,
    ...(process.stdout.columns > 0 ? { columns: process.stdout.columns } : {}),
  }
}
