import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fromBase64url, sha256 } from './sha256.ts'

const real = (text: string) => createHash('sha256').update(text, 'utf8').digest('base64url')

it('is the digest that the service makes, for any text and every length of the last block', () => {
  for (let length = 0; length < 140; length++) expect(sha256('a'.repeat(length))).toBe(real('a'.repeat(length)))
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      expect(sha256(text)).toBe(real(text))
    }),
  )
  expect(sha256('half of a \ud83d pair \udc00')).toBe(real('half of a \ud83d pair \udc00'))
})

it('reads base64url, and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(fromBase64url(Buffer.from(text).toString('base64url'))).toBe(text)
    }),
  )
  for (const no of ['a=', 'a+b/', 'ä', Buffer.from([0xff, 0xfe]).toString('base64url')])
    expect(fromBase64url(no)).toBeNull()
})
