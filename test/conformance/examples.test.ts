/** Every example is clean, proved and tested through and through; the commands of the CI file run on a copy of one. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { registerPolicy } from '../../cli/policy.ts'
import { registerReplay } from '../../cli/policy-replay.ts'

const examples = join(import.meta.dirname, '../../examples')
const OURS = ['hospital', 'utility', 'manufacturer', 'insurer']
const scratch = mkdtempSync(join(tmpdir(), 'secflow-examples-'))
afterAll(() => rmSync(scratch, { recursive: true }))

async function secflow(cwd: string, ...argv: readonly string[]) {
  const lines: string[] = []
  let code = -1
  const say = (text: string) => lines.push(text)
  const io = { out: say, err: say, exit: (status: number) => (code = status), cwd, color: false }
  const program = new Command().exitOverride()
  registerPolicy(program, io, () => Promise.reject(new Error('no mail is read here')))
  const policy = program.commands.find((command) => command.name() === 'policy')!
  registerReplay(policy, io)
  await program.parseAsync(argv, { from: 'user' })
  return { out: lines.join('\n'), code }
}

interface Checked {
  readonly diagnostics: readonly unknown[]
  readonly proofs: readonly { readonly status: string }[]
}
interface Tested {
  readonly passed: number
  readonly failed: number
  readonly uncovered: readonly string[]
  readonly diagnostics: readonly unknown[]
}

describe.each(OURS)('examples/%s', (name) => {
  it('is valid, without a warning, and its guarantees are proved', async () => {
    const { out, code } = await secflow(examples, 'policy', 'check', name, '--json')
    const { diagnostics, proofs } = JSON.parse(out) as Checked
    expect({ code, diagnostics }).toEqual({ code: 0, diagnostics: [] })
    expect(proofs.map(({ status }) => status)).toEqual(['proved'])
  })
  it('has tests that pass and see every rule and branch', async () => {
    const { out, code } = await secflow(examples, 'policy', 'test', name, '--require-tests', '--json')
    const { passed, ...rest } = JSON.parse(out) as Tested
    expect(rest).toMatchObject({ failed: 0, uncovered: [], diagnostics: [] })
    expect({ code, enough: passed >= 10 }).toEqual({ code: 0, enough: true })
  })
  it('says in five lines what it is and what the tenant must have', () => {
    const lines = readFileSync(join(examples, name, 'README.md'), 'utf8')
      .trim()
      .split('\n')
    expect(lines).toHaveLength(5)
    expect(lines[2]).toContain('npx secflow policy check .')
  })
})

describe('examples', () => {
  it('hold at least 25 rules in all, each id once', () => {
    const ids = OURS.flatMap((name) =>
      readdirSync(join(examples, name), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.yaml') && !file.endsWith('_test.yaml'))
        .flatMap((file) => {
          const { spec } = parse(readFileSync(join(examples, name, file), 'utf8')) as {
            spec: { rules: { id: string }[] }
          }
          return spec.rules.map(({ id }) => `${name} ${id}`)
        }),
    )
    expect(ids.length).toBeGreaterThanOrEqual(25)
    expect(new Set(ids).size).toBe(ids.length)
  })
  it('ci.yml: its commands run on a repository', async () => {
    const steps = (parse(readFileSync(join(examples, 'ci.yml'), 'utf8')) as Workflow).jobs.policy.steps
    const commands = steps.flatMap(({ run = '' }) =>
      run.split('\n').filter((line) => line.startsWith('secflow policy')),
    )
    expect(commands.map((line) => line.split(' ')[2])).toEqual(['check', 'test', 'diff', 'replay'])
    const repository = join(scratch, 'repository')
    cpSync(join(examples, 'hospital'), join(repository, 'policies'), { recursive: true })
    cpSync(join(examples, 'hospital'), join(scratch, 'before/policies'), { recursive: true })
    writeFileSync(join(repository, 'recorded.jsonl'), '')
    for (const command of commands) {
      const { out, code } = await secflow(repository, ...command.split(' ').slice(1))
      expect({ command, code, out: code === 0 ? '' : out }).toEqual({ command, code: 0, out: '' })
    }
    expect(readFileSync(join(repository, 'policy-tests.xml'), 'utf8')).toContain('<testsuites tests="12" failures="0">')
  })
})

interface Workflow {
  readonly jobs: { readonly policy: { readonly steps: readonly { readonly run?: string }[] } }
}
