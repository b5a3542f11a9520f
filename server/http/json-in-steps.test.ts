import fc from 'fast-check'
import { expect, it } from 'vitest'
import { completed } from '../../shared/policy/steps.ts'
import { jsonInSteps } from './json-in-steps.ts'

const read = (text: string) => completed(jsonInSteps(text))

/** What came of it, or that it was refused. */
function outcome(read: () => unknown): unknown {
  try {
    return { value: read() }
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError)
    return 'refused'
  }
}

const reachesPrototype = /__proto__|constructor/

it('a large body reads as a short one does, whatever its white space', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', ' ', '\r\n\t'), (text, indent) => {
      fc.pre(!reachesPrototype.test(text))
      expect(read(text)).toStrictEqual(JSON.parse(text))
      const spaced = JSON.stringify(JSON.parse(text), null, indent)
      expect(read(spaced)).toStrictEqual(JSON.parse(text))
    }),
  )
})

it('what is damaged is refused by both, or means the same to both', () => {
  const damage = fc.tuple(
    fc.nat(),
    fc.nat(3),
    fc.constantFrom('', '"', '\\', '{', ']', ',', ':', '0', '-', 'e', '\u0001', 'u', ' '),
  )
  fc.assert(
    fc.property(fc.json(), damage, (text, [where, length, put]) => {
      const at = where % (text.length + 1)
      const damaged = text.slice(0, at) + put + text.slice(at + length)
      fc.pre(!reachesPrototype.test(damaged))
      expect(outcome(() => read(damaged))).toStrictEqual(outcome(() => JSON.parse(damaged)))
    }),
    { numRuns: 2_000 },
  )
})

it('strings of megabytes keep every character and escape', () => {
  const text = `\\u00e4\\"\\\\${'words\\n'.repeat(40_000)}${'\\\\'.repeat(70_000)}${'ä😀'.repeat(100_000)}\\ud83d\\ude00`
  const body = `{"bundle":"${text}"}`
  expect(read(body)).toStrictEqual(JSON.parse(body))
})

it.each([
  ['{"__proto__":{}}'],
  ['{"a":[{"\\u005f_proto__":1}]}'],
  ['{"constructor":{"prototype":{}}}'],
  [''],
  ['[1,]'],
  ['{"a":1,}'],
  ['{"a" 1}'],
  ['[1] 2'],
  ['"\n"'],
  ['01'],
  ['"a'],
  ['['],
])('refuses %j', (text) => {
  expect(outcome(() => read(text))).toBe('refused')
})

it.each([
  ['['.repeat(501) + ']'.repeat(501), 'nested deeper than 500'],
  [`[${'1,'.repeat(20_000)}1]`, 'more than 20000 values in one place'],
])('says what is too much', (text, en) => {
  expect(() => read(text)).toThrow(expect.objectContaining({ code: 'request-invalid', detail: en }))
})

it('others have their turn at least every few hundred values', () => {
  const steps = [...jsonInSteps(`[${'{"a":1},'.repeat(19_000)}1]`)]
  expect(steps.length).toBeGreaterThan(100)
})
