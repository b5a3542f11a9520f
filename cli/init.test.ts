import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from '../server/config.ts'
import { readFactsFile } from '../server/people/facts-file.ts'
import { loadPolicy, runPolicyTests } from '../shared/policy/index.ts'
import { runCommand } from '../test/support/command.ts'
import { registerInit } from './init.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'secflow-init-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

const init = (...argv: string[]) => runCommand(registerInit, ['init', ...argv], cwd)

test('what it writes is a configuration, a people file and a policy that pass', async () => {
  const { code, out } = await init(
    '--dir',
    'gw',
    '--tenant',
    'acme',
    '--name',
    'ACME "Ltd"',
    '--domain',
    'Müller.example',
  )
  expect(code).toBe(0)
  expect(out).toContain('secrets/master')
  const config = loadConfig({ file: 'gw/secflow.yaml', env: {}, cwd })
  expect(config.tenants).toMatchObject([{ id: 'acme', name: 'ACME "Ltd"', domains: ['xn--mller-kva.example'] }])
  expect(readFactsFile(config.tenants[0]!.people!)).toEqual({ people: [], keys: [] })
  const read = (path: string) => ({ name: path, text: readFileSync(join(config.tenants[0]!.policyDir, path), 'utf8') })
  const { policy, diagnostics } = loadPolicy([read('tenant/baseline.yaml')])
  expect(diagnostics).toEqual([])
  const results = runPolicyTests(policy!, [read('tests/fixtures_test.yaml'), read('tests/baseline_test.yaml')])
  expect(results.diagnostics).toEqual([])
  expect(results.cases.map(({ name, failures }) => [name, failures])).toEqual([
    ['ordinary mail is left alone', []],
    ['confidential mail takes the best method of each recipient', []],
  ])
})

test('secrets are fresh and readable by their owner only', async () => {
  await init('--dir', 'a')
  await init('--dir', 'b')
  const [a, b] = ['a', 'b'].map((dir) => readFileSync(join(cwd, dir, 'secrets/master'), 'utf8'))
  expect(a).not.toBe(b)
  for (const path of ['secflow.yaml', 'secrets/master', 'people.yaml']) {
    expect(statSync(join(cwd, 'a', path)).mode & 0o777).toBe(0o600)
  }
})

test('nothing is overwritten, and then nothing is written', async () => {
  writeFileSync(join(cwd, 'people.yaml'), 'mine')
  const { code, err } = await init()
  expect(code).toBe(1)
  expect(err).toContain('people.yaml')
  expect(readFileSync(join(cwd, 'people.yaml'), 'utf8')).toBe('mine')
  expect(() => statSync(join(cwd, 'secflow.yaml'))).toThrow('ENOENT')
})

test('wrong use is refused', async () => {
  await expect(init('--tenant', 'No Id')).rejects.toMatchObject({ code: 'commander.invalidArgument' })
  await expect(init('--domain', 'no domain')).rejects.toMatchObject({ code: 'commander.invalidArgument' })
})

test('--json says what was written', async () => {
  expect(JSON.parse((await init('--json')).out)).toMatchObject({
    dir: cwd,
    written: expect.arrayContaining(['secflow.yaml']),
  })
  const again = await init('--json')
  expect(again.code).toBe(1)
  expect(JSON.parse(again.out)).toMatchObject({ written: [], taken: expect.arrayContaining(['secflow.yaml']) })
})
