import { expect, it } from 'vitest'
import type { Entity } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import { protectHeader } from './header-protection.ts'

const HEADER = [
  rawField('Received', 'from a by b'),
  rawField('From', 'Anna <anna@x.example>'),
  rawField('To', 'bob@y.example'),
  rawField('Subject', 'Project\r\n Nightingale'),
  rawField('Keywords', 'secret'),
]
const content = (type?: string): Entity => ({
  header: type ? [rawField('Content-Type', type)] : [],
  async *body() {},
})
const lines = (fields: readonly { raw: Buffer }[]) => fields.map(({ raw }) => raw.toString())

it('an encrypted mail hides its subject outside, holds the whole header inside, and says what stands outside', () => {
  const made = protectHeader(HEADER, content('text/plain; charset=utf-8'), { encrypted: true, obscure: true })!
  expect(lines(made.header)).toEqual([
    'Received: from a by b',
    'From: Anna <anna@x.example>',
    'To: bob@y.example',
    'Subject: [...]',
  ])
  expect(lines(made.inside)).toEqual([
    'From: Anna <anna@x.example>',
    'To: bob@y.example',
    'Subject: Project\r\n Nightingale',
    'Keywords: secret',
    'HP-Outer: From: Anna <anna@x.example>',
    'HP-Outer: To: bob@y.example',
    'HP-Outer: Subject: [...]',
  ])
  expect(lines(made.content.header)).toEqual(['Content-Type: text/plain; charset=utf-8;\r\n\thp="cipher"'])
})

it('a mail that is only signed keeps its header outside', () => {
  const made = protectHeader(HEADER, content(), { encrypted: false, obscure: true })!
  expect(made.header).toBe(HEADER)
  expect(lines(made.inside).at(-1)).toBe('Keywords: secret')
  expect(lines(made.content.header)).toEqual(['Content-Type: text/plain; charset=us-ascii;\r\n\thp="clear"'])
})

it.each(['multipart/signed; boundary=b', 'application/pkcs7-mime; smime-type=enveloped-data', 'multipart/encrypted'])(
  'a container of the sender’s own is left alone: %s',
  (type) => {
    expect(protectHeader(HEADER, content(type), { encrypted: true, obscure: true })).toBeNull()
  },
)
