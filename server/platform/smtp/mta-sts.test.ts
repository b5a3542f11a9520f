import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStsPolicy, stsAllows, stsId } from './mta-sts.ts'

const POLICY = 'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n'

it('reads the policy of RFC 8461 3.2', () => {
  expect(parseStsPolicy(POLICY)).toEqual({
    mode: 'enforce',
    maxAge: 604_800,
    mx: ['mail.example.com', '*.example.net'],
  })
})

it.each([
  ['no version', POLICY.replace('version: STSv1\r\n', '')],
  ['another version', POLICY.replace('STSv1', 'STSv2')],
  ['an unknown mode', POLICY.replace('enforce', 'sometimes')],
  ['no age', POLICY.replace('max_age: 604800\r\n', '')],
  ['an age that is no number', POLICY.replace('604800', '-1')],
  ['no server', POLICY.replace(/mx: .*\r\n/g, '')],
  ['a pattern with two stars', POLICY.replace('*.example.net', '*.*.example.net')],
  ['a line that is no field', `${POLICY}<html>\r\n`],
])('is no policy: %s', (_what, text) => {
  expect(parseStsPolicy(text)).toBeNull()
})

it('passes over fields it does not know, needs no server for `none`, and bounds the age', () => {
  expect(parseStsPolicy(`${POLICY}extra: x\n`)).not.toBeNull()
  expect(parseStsPolicy('version: STSv1\nmode: none\nmax_age: 9999999999\n')).toEqual({
    mode: 'none',
    maxAge: 31_557_600,
    mx: [],
  })
})

it('takes any text for what it is, soon', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 500 }), (text) => parseStsPolicy(text) === null || text.includes('STSv1')),
  )
})

describe('which servers', () => {
  const policy = { mode: 'enforce', maxAge: 1, mx: ['mail.example.com', '*.example.net'] } as const
  it.each([
    ['mail.example.com', true],
    ['MAIL.Example.com.', true],
    ['a.example.net', true],
    ['example.net', false],
    ['a.b.example.net', false],
    ['mail.example.com.evil.example', false],
    ['xexample.net', false],
    ['.example.net', false],
  ])('%s: %s', (host, allowed) => {
    expect(stsAllows(policy, host)).toBe(allowed)
  })
})

it('wants exactly one record with an id', () => {
  expect(stsId(['v=STSv1; id=20160831085700Z;'])).toBe('20160831085700Z')
  expect(stsId(['v=spf1 -all', 'v=STSv1;id=a1'])).toBe('a1')
  expect(stsId(['v=STSv1; id=a;', 'v=STSv1; id=b;'])).toBeNull()
  expect(stsId(['v=STSv1;'])).toBeNull()
  expect(stsId(['v=STSv1; id=under_score'])).toBeNull()
  expect(stsId([])).toBeNull()
})
