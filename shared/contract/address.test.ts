import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Address, isMailAddress } from './address.ts'

describe('Address', () => {
  it.each([
    'anna@example.com',
    'anna.berg+tag@sub.example.com',
    'jürgen@müller.example',
    '用户@例子.广告',
    '"with space"@example.com',
    "o'hara@example.com",
    'a@localhost',
  ])('takes %s', (text) => expect(Address.safeParse(text).success).toBe(true))

  it.each([
    '',
    'anna',
    '@example.com',
    'anna@',
    'anna@@example.com',
    '.anna@example.com',
    'an..na@example.com',
    'anna@-example.com',
    'anna@example..com',
    'anna@exam ple.com',
    'anna@example.com\r\nRCPT TO:<x@y>',
    'Anna <anna@example.com>',
    'anna@[127.0.0.1]',
    `${'a'.repeat(65)}@example.com`,
    `${'ü'.repeat(33)}@example.com`,
  ])('refuses %j', (text) => expect(Address.safeParse(text).success).toBe(false))

  it('never takes a character that could end an SMTP line or an angle bracket', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('\r', '\n', '\0', '>', '<', ' ', ','),
        (text, bad) => !isMailAddress(`a${bad}${text}@example.com`),
      ),
    )
  })
})
