import { expect, it } from 'vitest'
import { resultsField, resultsValue, withoutForged } from './authentication-results.ts'

const ID = 'mx.reader.example'
const field = (value: string) => ({
  name: 'authentication-results',
  raw: Buffer.from(`Authentication-Results: ${value}`),
})

it.each([
  'mx.reader.example; dkim=pass',
  'MX.Reader.Example; dkim=pass',
  'mx.reader.example 1; dkim=pass',
  '(a (nested) comment) mx.reader.example (another); dkim=pass',
  '"mx.reader.example"; dkim=pass',
  '\r\n\tmx.reader.example;\r\n\tdkim=pass',
  'mx.reader.example',
  'mx.reader.example.; dkim=pass',
  '(never closed mx.reader.example; dkim=pass',
  '(a \\) mx.elsewhere.example) mx.reader.example; dkim=pass',
  `(${'long '.repeat(500)}) mx.reader.example; dkim=pass`,
  `(;) "mx.\\reader.example"; dkim=pass`,
  '(one (two; three) mx.reader.example; dkim=pass',
])('takes away what speaks in our name: %s', (value) => {
  expect(withoutForged([field(value)], ID)).toEqual([])
})

it.each([
  'mx.elsewhere.example; dkim=pass',
  'xmx.reader.example; dkim=pass',
  'mx.elsewhere.example; dkim=pass reason="mx.reader.example"',
  '(mx.reader.example) mx.elsewhere.example; spf=pass',
])('leaves what others say: %s', (value) => {
  const header = [field(value)]
  expect(withoutForged(header, ID)).toBe(header)
})

it('writes lines that fit and unfold to what was meant', () => {
  const long = `spf=pass (${'many words '.repeat(40)}) smtp.mailfrom=a.example`
  const { raw } = resultsField(resultsValue(ID, ['dkim=none', long]))
  const lines = raw.toString().split('\r\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(100)
  expect(lines.slice(1).every((line) => /^[\t ]/.test(line))).toBe(true)
  expect(raw.toString().replace(/\r\n/g, '')).toContain(long)
  expect(resultsValue(ID, [])).toContain('none')
})
