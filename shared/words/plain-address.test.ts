import fc from 'fast-check'
import { expect, it } from 'vitest'
import { canonicalAddress } from './address.ts'
import { plainAddress } from './plain-address.ts'

const outcome = (text: string) => {
  try {
    return canonicalAddress(text)
  } catch {
    return text.trim().toLowerCase()
  }
}

it('is the canonical form wherever it answers', () => {
  const letters = fc.string({ unit: fc.constantFrom(...'abAB09._-+"xn- \u00e4'), maxLength: 12 })
  let answered = 0
  fc.assert(
    fc.property(letters, letters, fc.constantFrom('.example', '.DE', '', '.xn--p1ai'), (local, host, top) => {
      const address = `${local}@${host}${top}`
      const plain = plainAddress(address)
      if (plain === null) return
      answered++
      expect(plain).toBe(outcome(address))
    }),
    { numRuns: 3000 },
  )
  expect(answered).toBeGreaterThan(30)
})

it('leaves to others what wants tables', () => {
  expect(plainAddress(' Anna.Berg@Demo.Example ')).toBe('anna.berg@demo.example')
  for (const no of [
    'ä@x.example',
    'a@müller.example',
    'a@xn--mller-kva.example',
    '"a b"@x.example',
    'a@[127.0.0.1]',
    'a',
    'a@b',
    '',
  ])
    expect(plainAddress(no)).toBeNull()
})
