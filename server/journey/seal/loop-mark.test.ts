import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import { parseHeader } from '../../mime/header.ts'
import { markField, readMark, withoutMark } from './loop-mark.ts'

const KEY = Buffer.alloc(32, 1)
const TENANT = tenantId('acme')
const NOW = Date.parse('2026-11-23T10:00:00Z')
const DAY = 86_400_000
const MARK = { copy: '019b0000-0000-7000-8000-000000000001', at: NOW, count: 1, bodyHash: 'AAAA' }
const header = (text: string) => parseHeader(Buffer.from(`${text}\r\n\r\n`)).fields
const HEADER = header('From: a@acme.example\r\nSubject: one two\r\nContent-Type: text/plain')

const read = (fields = HEADER, field = markField(KEY, TENANT, MARK, HEADER), now = NOW) =>
  readMark(KEY, TENANT, [field, ...fields], now)

it('is read back, also when a server on the way folded it and the fields it is bound to', () => {
  expect(read()).toEqual(MARK)
  const field = markField(KEY, TENANT, MARK, HEADER)
  const folded = { ...field, raw: Buffer.from(field.raw.toString().replaceAll('; ', ';\r\n\t')) }
  expect(read(header('From:  a@acme.example\r\nSubject: one\r\n two\r\nContent-Type: text/plain'), folded)).toEqual(
    MARK,
  )
})

it('is worth nothing for another tenant, under another key, too late, twice, or on another header', () => {
  const field = markField(KEY, TENANT, MARK, HEADER)
  expect(readMark(KEY, tenantId('other'), [field, ...HEADER], NOW)).toBeNull()
  expect(readMark(Buffer.alloc(32, 2), TENANT, [field, ...HEADER], NOW)).toBeNull()
  expect(read(HEADER, field, NOW + 8 * DAY)).toBeNull()
  expect(readMark(KEY, TENANT, [field, field, ...HEADER], NOW)).toBeNull()
  expect(read(header('From: b@acme.example\r\nSubject: one two\r\nContent-Type: text/plain'))).toBeNull()
  expect(read([...HEADER, ...header('Content-Type: text/html')])).toBeNull()
})

it('with any letter changed is no mark', () => {
  const text = markField(KEY, TENANT, MARK, HEADER).raw.toString()
  const start = 'X-Secflow-Loop: '.length
  fc.assert(
    fc.property(
      fc.integer({ min: start, max: text.length - 1 }),
      fc.constantFrom('A', '0', 'z', ';', ' '),
      (at, letter) => {
        const changed = `${text.slice(0, at)}${letter}${text.slice(at + 1)}`
        if (changed === text || changed.replace(/\s+/g, ' ').trim() === text) return
        const found = read(HEADER, { name: 'x-secflow-loop', raw: Buffer.from(changed) })
        // The last letter of base64url has bits that stand for nothing.
        expect(at === text.length - 1 ? null : found).toBeNull()
      },
    ),
  )
})

it('is taken off the front of a copy, and nothing else is', () => {
  const { raw } = markField(KEY, TENANT, MARK, HEADER)
  const rest = Buffer.from('From: a@acme.example\r\n\r\n')
  expect(Buffer.from(withoutMark(Buffer.concat([raw, Buffer.from('\r\n'), rest])))).toEqual(rest)
  expect(withoutMark(rest)).toBe(rest)
})
