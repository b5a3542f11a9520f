import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBase64 } from '../../shared/policy/bundle/base64.ts'
import { digest } from '../../shared/policy/text/canonical.ts'
import { readPayload, sha256 } from './native.ts'

it('reads exactly the base64 that the engine reads without a platform', () => {
  // Characters that the platform leaves out, takes for others, or cuts to one byte.
  const strange = fc.constantFrom('-', '_', '=', ' ', '\n', '*', 'é', '\u0141', '\ud83d', 'A')
  const altered = fc
    .tuple(fc.uint8Array({ maxLength: 40 }), fc.array(fc.tuple(fc.nat(60), strange, fc.nat(1)), { maxLength: 3 }))
    .map(([bytes, changes]) =>
      changes.reduce(
        (text, [at, by, taken]) => text.slice(0, at) + by + text.slice(at + taken),
        Buffer.from(bytes).toString('base64'),
      ),
    )
  fc.assert(
    fc.property(altered, (text) => {
      const bytes = decodeBase64(text)
      expect(readPayload(text)?.bytes && [...readPayload(text)!.bytes]).toEqual(bytes ? [...bytes] : undefined)
    }),
    { numRuns: 20_000 },
  )
})

it.each(['AA==', 'AB==', 'AAA=', 'AAB=', 'A===', '====', 'AAAAA', 'AAAA====', 'AA==AAAA', ''])(
  'is strict with %j',
  (text) => {
    expect(readPayload(text) === null).toBe(decodeBase64(text) === null)
  },
)

it('hashes texts one behind the other as the engine does', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (texts) => {
      expect(sha256(...texts)).toBe(digest(...texts))
      expect(sha256(...texts)).toBe(sha256(texts.join('')))
    }),
  )
})
