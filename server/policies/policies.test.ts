import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { ruleSet, rules } from '../../test/support/policy.ts'
import { readPolicyDirectory, readPolicyRepository } from './directory.ts'
import { PolicyRegistry } from './registry.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'secflow-policies-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('a policy directory', () => {
  it('is read below, without tests, hidden files and links', async () => {
    await mkdir(path.join(directory, 'tenant'))
    for (const name of ['b.yml', 'tenant/a.yaml', 'c.json', 'x_test.yaml', '.hidden.yaml', 'readme.md'])
      await writeFile(path.join(directory, name), 'x')
    await symlink('/etc/passwd', path.join(directory, 'link.yaml'))
    expect((await readPolicyDirectory(directory)).map((file) => file.name)).toEqual([
      'b.yml',
      'c.json',
      'tenant/a.yaml',
    ])
    expect((await readPolicyRepository(directory)).tests.map((file) => file.name)).toEqual(['x_test.yaml'])
  })
  it('reads no more of a file than the language takes', async () => {
    await writeFile(path.join(directory, 'big.yaml'), Buffer.alloc(5_000_000, 0x20))
    expect((await readPolicyDirectory(directory))[0]!.text.length).toBe(1_048_577)
  })
  it('that is not there is a fault', async () => {
    await expect(readPolicyDirectory(path.join(directory, 'none'))).rejects.toMatchObject({ code: 'config-missing' })
  })
})

describe('the registry', () => {
  const tenant = tenantId('demo')
  const good = ruleSet(rules('{id: a, then: [receipt]}'))
  const bad = { name: 'bad.yaml', text: 'kind: [' }
  it('has no policy at first', () => {
    const registry = new PolicyRegistry()
    expect(registry.ready(tenant)).toBe(false)
    expect(() => registry.active(tenant)).toThrow(expect.objectContaining({ code: 'policy-none' }))
    expect(registry.load(tenant, [bad])).toMatchObject({ policy: null, stale: false })
    expect(registry.ready(tenant)).toBe(false)
  })
  it('keeps the last good policy and says so', () => {
    const registry = new PolicyRegistry()
    const { policy } = registry.load(tenant, [good])
    expect(registry.load(tenant, [bad])).toMatchObject({ policy, stale: true, diagnostics: [{ code: 'yaml-syntax' }] })
    expect(registry.active(tenant)).toBe(policy)
    expect(() => registry.active(tenantId('other'))).toThrow('policy-none')
    expect(registry.load(tenant, [good])).toMatchObject({ stale: false })
  })
})
