import { describe, expect, it } from 'vitest'
import { sameMailbox } from './certificate.ts'

describe('the mailbox a certificate or a sender names', () => {
  it.each([
    ['BOB@x.example', 'bob@X.EXAMPLE'],
    ['bob@bücher.example', 'bob@xn--bcher-kva.example'],
    ['jose\u0301@x.example', 'jos\u00e9@x.example'],
    ['bob@[192.0.2.1]', 'Bob@[192.0.2.1]'],
    ['bob@a_b.example', 'bob@A_B.example'],
  ])('is the same: %s and %s', (a, b) => expect(sameMailbox(a, b)).toBe(true))

  it.each([
    // One bit from `<bob@x.example>`.
    'bob@x.example?',
    'bob@x.example/y',
    'bob@x.example/.evil.example',
    'bob@x.example?y',
    'bob@x.example#y',
    'bob@x.example\\y',
    'bob@x%2eexample',
    'bob@x.ex\tample',
    'bob@ x.example',
    'bob@x.example.',
    'bob@x.example@evil.example',
    'bob',
    '@x.example',
    '',
  ])('is nobody else: %j is not bob@x.example', (address) => {
    expect(sameMailbox(address, 'bob@x.example')).toBe(false)
    expect(sameMailbox(address, address)).toBe(true)
  })
})
