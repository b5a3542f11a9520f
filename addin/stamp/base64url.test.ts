import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { digest, fromBase64url } from './base64url.ts'

it('is the digest that the service makes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      expect(digest(text)).toBe(hash('sha256', text, 'base64url'))
    }),
  )
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
