import { hash } from 'node:crypto'
import { sha256 as anothers } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sha256, utf8 } from './sha256.ts'

const holds = (text: string) => {
  expect(Buffer.from(sha256(text))).toEqual(hash('sha256', text, 'buffer'))
  expect(sha256(text)).toEqual(anothers(utf8ToBytes(text)))
}

it('is the digest that two other implementations make, for every length of the last block', () => {
  for (let length = 0; length < 200; length++) holds('a'.repeat(length))
  holds('policy '.repeat(100_000))
})

it('is the digest of any text', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), holds), { numRuns: 1000 })
})

it('takes half of a surrogate pair for U+FFFD, as encoders do', () => {
  for (const text of ['\ud83d', '\ude00', '\ude00\ud83d', 'a\ud83db', '\ud83d\ude00', '\uffff', '\u07ff\u0800']) {
    holds(text)
    expect([...utf8(text)]).toEqual([...Buffer.from(text)])
  }
})
