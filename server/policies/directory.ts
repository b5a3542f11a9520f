import { open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../shared/fault/index.ts'
import { type PolicyFile, TEST_FILE } from '../../shared/policy/index.ts'

const POLICY_FILE = /\.(ya?ml|json)$/
const MAX_FILES = 2000
const MAX_DEPTH = 8
/** One byte more than the language takes, so that it can say itself that a file is too large. */
const MAX_BYTES = 1_048_577
const MAX_TOTAL = 64 * 1_048_576

export interface PolicyDirectory {
  readonly policies: readonly PolicyFile[]
  /** `*_test.*`: cases and fixtures. */
  readonly tests: readonly PolicyFile[]
}

/**
 * Reads every `*.yaml`, `*.yml` and `*.json` under a directory in order of name; hidden entries and links are left aside.
 * Names are relative, with `/`. Raises `policy-invalid` for more than 2,000 files or 64 MB, `config-missing` when the
 * directory cannot be read.
 */
export async function readPolicyRepository(directory: string): Promise<PolicyDirectory> {
  const names = await listFiles(directory, '', 0)
  if (names.length > MAX_FILES) throw new Fault('policy-invalid', `more than ${MAX_FILES} files in ${directory}`)
  const files: PolicyFile[] = []
  let total = 0
  for (const name of names.sort()) {
    const text = await readText(path.join(directory, name))
    total += text.length
    if (total > MAX_TOTAL) throw new Fault('policy-invalid', `more than 64 MB in ${directory}`)
    files.push({ name, text })
  }
  return {
    policies: files.filter((file) => !TEST_FILE.test(file.name)),
    tests: files.filter((file) => TEST_FILE.test(file.name)),
  }
}

/** The rule sets of a directory, without its tests. Faults as `readPolicyRepository`. */
export async function readPolicyDirectory(directory: string): Promise<readonly PolicyFile[]> {
  return (await readPolicyRepository(directory)).policies
}

async function listFiles(root: string, below: string, depth: number): Promise<string[]> {
  if (depth > MAX_DEPTH) throw new Fault('policy-invalid', `directories nested deeper than ${MAX_DEPTH} in ${root}`)
  const entries = await entriesOf(path.join(root, below))
  const found: string[] = []
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) found.push(...(await listFiles(root, name, depth + 1)))
    else if (entry.isFile() && POLICY_FILE.test(entry.name)) found.push(name)
    if (found.length > MAX_FILES) return found
  }
  return found
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch (error) {
    throw new Fault('config-missing', `the policy directory ${directory} cannot be read`, { cause: error })
  }
}

/** At most `MAX_BYTES` of a file as UTF-8. */
async function readText(file: string): Promise<string> {
  await using handle = await open(file, 'r')
  const buffer = Buffer.alloc(Math.min(MAX_BYTES, (await handle.stat()).size))
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
  return buffer.subarray(0, bytesRead).toString('utf8')
}
