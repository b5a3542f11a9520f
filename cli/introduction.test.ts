/** Whoever follows docs/policy/introduction.md to the letter gets what it says. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import { expect, it } from 'vitest'
import { openMailFile } from './mail-file.ts'
import { registerPolicy } from './policy.ts'

const PAGE = path.resolve(import.meta.dirname, '../docs/policy/introduction.md')

it('the introduction works to the letter', async () => {
  const page = await readFile(PAGE, 'utf8')
  const blocks = [...page.matchAll(/^```(?:yaml)?\n([\s\S]*?)^```$/gm)].map(([, text]) => text!)
  const starting = (text: string) => blocks.find((block) => block.startsWith(text) || block.includes(`\n${text}`))!
  /** What stands below a command of the page. */
  const shown = (command: string) =>
    blocks
      .filter((block) => block.startsWith(`$ npx secflow ${command}`))
      .flatMap((block) => block.trimEnd().split('\n').slice(1))
  const directory = await mkdtemp(path.join(tmpdir(), 'secflow-introduction-'))
  const write = (name: string, text: string) => writeFile(path.join(directory, name), text)
  const run = async (command: string) => {
    let out = ''
    const print = (text: string) => {
      out += `${text}\n`
    }
    let code = -1
    const exit = (status: number) => {
      code = status
    }
    const io = { out: print, err: print, exit, cwd: directory, color: false }
    const program = new Command().exitOverride()
    registerPolicy(program, io, async (file, { policy, ...options }) => {
      await using mail = await openMailFile(file, options)
      return mail.input(policy)
    })
    await program.parseAsync(command.split(' '), { from: 'user' })
    return { out, code }
  }
  /** Every line that the page shows comes out. */
  const asShown = async (command: string) => {
    const { out, code } = await run(command)
    expect(code, out).toBe(0)
    expect(shown(command).length).toBeGreaterThan(0)
    for (const line of shown(command)) expect(out).toContain(line)
    return out
  }
  try {
    await mkdir(path.join(directory, 'policies'))
    await write('policies/baseline.yaml', starting('kind: RuleSet'))
    await asShown('policy check policies')
    const guarantee = starting('guarantees:').replaceAll(/^/gm, '  ')
    await write('policies/baseline.yaml', `${starting('kind: RuleSet')}${guarantee.trimEnd()}\n`)
    expect((await run('policy check policies')).out).toContain('guarantee confidential-never-clear: proved')
    await write('policies/baseline_test.yaml', starting('kind: PolicyTest'))
    await asShown('policy test policies --require-tests')
    await write('mail.eml', starting('From: Me').replaceAll('\n', '\r\n'))
    await write('facts.yaml', starting('people:'))
    const out = await asShown(
      'policy explain policies mail.eml --from me@corp.example --to p@partner.example --facts facts.yaml',
    )
    expect(out).toContain('Smallest change: message.classification')
  } finally {
    await rm(directory, { recursive: true })
  }
})
