/** Every conformance case by the definition of the language, by closures and by the index: as expected, and identical. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decide } from '../../shared/policy/index.ts'
import { decideByClosures, decidePlainly } from '../../shared/policy/reference/interpreter.ts'
import { casesIn } from './policy.ts'

const folder = join(import.meta.dirname, 'policy')
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const cases = files.flatMap((name) => casesIn({ name, text: readFileSync(join(folder, name), 'utf8') }))

describe('conformance of the policy language', () => {
  it('has at least 150 cases, each with a name of its own', () => {
    expect(cases.length).toBeGreaterThanOrEqual(150)
    expect(new Set(cases.map((one) => one.name)).size).toBe(cases.length)
  })
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const { policy, expectations, failures } = one.load()
    expect(failures).toEqual([])
    for (const { input, releases, compare } of expectations) {
      const decision = decide(policy!, input, releases)
      expect(compare(decision)).toEqual([])
      expect(decidePlainly(policy!, input, releases)).toEqual(decision)
      expect(decideByClosures(policy!, input, releases)).toEqual(decision)
    }
  })
})
