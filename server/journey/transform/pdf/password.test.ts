import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generatePassword } from './password.ts'
import { saslprep } from './saslprep.ts'

describe('generated passwords', () => {
  it('are proquints (the examples of arXiv:0901.4016)', () => {
    const bytes = Buffer.from([127, 0, 0, 1, 63, 84, 220, 193])
    expect(generatePassword(() => bytes)).toBe('lusab-babad-gutih-tugad')
  })

  it('carry at least 64 bits, whatever is asked', () => {
    for (const groups of [0, -1, 1, 3.9, 4]) expect(generatePassword(undefined, groups).split('-')).toHaveLength(4)
    expect(generatePassword(undefined, 6).split('-')).toHaveLength(6)
  })

  it('differ for different random bytes, and nothing alters them on the way into a PDF', () => {
    const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [one, two] = [generatePassword(() => a), generatePassword(() => b)]
        expect(one === two).toBe(Buffer.from(a).equals(Buffer.from(b)))
        expect(saslprep(one)).toBe(one)
        expect(one).toMatch(/^([a-z]{5}-){3}[a-z]{5}$/)
      }),
    )
  })
})
