import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Tool {
  /** Debian package. */
  readonly name: string
  /** Command on the PATH (or in sbin), or an absolute path of a file it brings. */
  readonly proof: string
}

export function wantedTools(): Tool[] {
  return readFileSync(join(import.meta.dirname, 'tools.txt'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean)
    .map((line) => {
      const [name = '', proof = ''] = line.split(/\s+/)
      return { name, proof }
    })
}

const DIRECTORIES = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin']

export function hasTool(proof: string): boolean {
  return proof.startsWith('/') ? existsSync(proof) : DIRECTORIES.some((directory) => existsSync(join(directory, proof)))
}

/**
 * Makes sure the tools are there: as root on Debian or Ubuntu it installs what is missing, elsewhere it returns the line
 * a person has to run. Returns the names still missing.
 */
export function provideTools(say: (line: string) => void): string[] {
  const missing = () =>
    wantedTools()
      .filter((tool) => !hasTool(tool.proof))
      .map((tool) => tool.name)
  const before = missing()
  if (before.length === 0) return []
  const debian = existsSync('/etc/debian_version') && hasTool('apt-get')
  const line = `apt-get install -y --no-install-recommends ${before.join(' ')}`
  if (!debian || process.getuid?.() !== 0) {
    say(`Missing system tools: ${before.join(', ')}. Install them with:\n  sudo ${line}`)
    return before
  }
  say(`Installing ${before.join(', ')} ...`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) => spawnSync('apt-get', ['-qq', ...args], { env: environment, encoding: 'utf8' })
  let run = apt('install', '-y', '--no-install-recommends', ...before)
  if (run.status !== 0) {
    apt('update')
    run = apt('install', '-y', '--no-install-recommends', ...before)
  }
  const after = missing()
  if (after.length)
    say(`apt-get could not install ${after.join(', ')}:\n${(run.stderr || run.stdout).trim().slice(-2000)}`)
  return after
}
