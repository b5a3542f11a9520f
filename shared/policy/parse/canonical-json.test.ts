import fc from 'fast-check'
import { expect, it } from 'vitest'
import { canonicalJson } from '../text/canonical.ts'
import { readCanonical } from './canonical-json.ts'
import { canonicalText } from './canonical-text.ts'
import { nodeOf } from './node.ts'

const value = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', '}', '{"id":1}', '\\', '"', '\ud800', 'é'),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'id', 'then', '10', '9', '}', '{', 'ü'), tie('tree'), { maxKeys: 4 }),
  ),
})).tree

it('writes a text as the platform does, whatever stands in it beside line ends', () => {
  const text = fc.array(
    fc.constantFrom('\n', '\r', '\t', '"', '\\', '\u007f', '\u2028', '\ud800', 'ä', 'plain ', '~!'),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(text, (pieces) => {
      expect(canonicalJson(pieces.join(''))).toBe(JSON.stringify(pieces.join('')))
    }),
    { numRuns: 2000 },
  )
})

it('reads canonical JSON as the platform does, with objects that stand twice read once', () => {
  fc.assert(
    fc.property(value, (one) => {
      const text = canonicalJson([one, { again: one }, one])
      const root = readCanonical(text, 40)
      expect(canonicalText(root!)).toBe(text)
      expect(canonicalText(nodeOf(JSON.parse(text), 40)!)).toBe(text)
    }),
    { numRuns: 2000 },
  )
})

it('takes nothing but the canonical text', () => {
  for (const text of [
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '[1, 2]',
    '[1.0]',
    '[1e2]',
    '[-0]',
    '["\\u0061"]',
    '["\\/"]',
    '[1',
    '',
    '[1]]',
    '["a',
    '{"a"}',
    '[tru]',
    '{"$number":[1,"1"]}',
    '{"$number":[1, "1.0"]}',
    '{"$number":[null,".inf"]}',
    '{"$number":[1,"1.0"],"a":1}',
    '{"$number":[1,"1.0"]',
  ])
    expect(readCanonical(text, 40), text).toBeNull()
})

it('keeps how a number was written', () => {
  const root = readCanonical('[{"a":{"$number":[1,"1.0"]}},1]', 40)
  expect(root?.kind === 'list' && root.items[0]).toMatchObject({ entries: [{ value: { value: 1, source: '1.0' } }] })
  expect(canonicalText(root!)).toBe('[{"a":{"$number":[1,"1.0"]}},1]')
})

it('counts how deep an object stands wherever it stands again', () => {
  const deep = { a: { b: { c: 1 } } }
  expect(readCanonical(canonicalJson([deep, deep]), 4)).not.toBeNull()
  expect(readCanonical(canonicalJson([deep, [deep]]), 4)).toBeNull()
  expect(nodeOf([deep, [deep]], 4)).toBeNull()
})

it('gives equal objects one node', () => {
  const root = readCanonical('[{"x":{"y":["z"]}},{"x":{"y":["z"]}}]', 40)
  expect(root?.kind === 'list' && root.items[0] === root.items[1]).toBe(true)
})
