import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface GpgResult {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: string
}

/** A gpg with a home of its own; `close` ends its agent and removes the home. */
export interface Gpg extends AsyncDisposable {
  readonly home: string
  /** Runs gpg in batch mode; a failure is in `code`, not thrown. */
  gpg(args: readonly string[], input?: Uint8Array | AsyncIterable<Uint8Array>): Promise<GpgResult>
  /** Imports an armored key and trusts it fully, so that a good signature is not followed by a warning. */
  trust(armored: string): Promise<void>
  path(name: string): string
}

export async function startGpg(): Promise<Gpg> {
  // The agent's socket path may not exceed 107 characters: keep the home short.
  const home = await mkdtemp(join(tmpdir(), 'sfgpg-'))
  const env = { ...process.env, GNUPGHOME: home, LC_ALL: 'C' }

  function gpg(args: readonly string[], input: Uint8Array | AsyncIterable<Uint8Array> = Buffer.alloc(0)) {
    return new Promise<GpgResult>((resolve, reject) => {
      const child = spawn(
        'gpg',
        ['--batch', '--yes', '--trust-model', 'always', '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
        { env },
      )
      const out: Buffer[] = []
      const err: Buffer[] = []
      child.stdout.on('data', (piece: Buffer) => out.push(piece))
      child.stderr.on('data', (piece: Buffer) => err.push(piece))
      child.on('error', reject)
      child.on('close', (code) =>
        resolve({ code: code ?? -1, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }),
      )
      child.stdin.on('error', () => {})
      feed(child.stdin, input).catch(reject)
    })
  }

  return {
    home,
    gpg,
    path: (name) => join(home, name),
    async trust(armored) {
      const { code, stderr } = await gpg(['--import'], Buffer.from(armored))
      if (code !== 0) throw new Error(`gpg --import: ${stderr}`)
    },
    async [Symbol.asyncDispose]() {
      await run('gpgconf', ['--kill', 'all'], { env }).catch(() => {})
      await rm(home, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

async function feed(stdin: NodeJS.WritableStream, input: Uint8Array | AsyncIterable<Uint8Array>) {
  if (input instanceof Uint8Array) {
    stdin.end(input)
    return
  }
  for await (const piece of input) {
    if (!stdin.write(piece)) await new Promise((resolve) => stdin.once('drain', resolve))
  }
  stdin.end()
}

export async function writeTo(gpg: Gpg, name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(gpg.path(name), bytes)
  return gpg.path(name)
}
