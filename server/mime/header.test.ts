import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault } from '../../shared/fault/index.ts'
import { cpuMs } from '../../test/support/cpu-time.ts'
import { addressField, parseAddresses } from './address-list.ts'
import { decodeWords, encodeWords } from './encoded-word.ts'
import { fieldText, fieldValue, formatDate, headerField, parseDate, parseHeader, rawField } from './header.ts'
import { parseParameters, writeParameters } from './parameters.ts'

describe('encoded words', () => {
  it.each([
    ['=?utf-8?Q?Gr=C3=BC=C3=9Fe?=', 'Grüße'],
    ['=?ISO-8859-1?B?R3L832U=?=', 'Grüße'],
    ['=?utf-8?B?ww==?= =?utf-8?B?vA==?=', 'ü'],
    ['=?utf-8?Q?a=C3?= =?utf-8?Q?=BC_b?= plain', 'aü b plain'],
    ['=?utf-8*de?Q?x?=  =?iso-8859-1?Q?=FC?=', 'xü'],
    ['no =?words? here', 'no =?words? here'],
    ['=?no-such-charset?Q?a=FC?=', 'aü'],
  ])('decodes %s', (wire, text) => expect(decodeWords(wire)).toBe(text))

  it('encodes so that every text comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
        const wire = encodeWords(text)
        expect(wire).toMatch(/^[\x20-\x7e]*$/)
        expect(decodeWords(wire)).toBe(text.toWellFormed())
      }),
    )
  })
})

describe('fields', () => {
  it('writes subjects that fold within 78 columns and come back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
        const clean = text.replace(/[\r\n\0]/g, '').trim()
        const field = headerField('Subject', clean)
        for (const line of field.raw.toString().split('\r\n').slice(1)) expect(line).toMatch(/^ /)
        expect(fieldText(parseHeader(Buffer.concat([field.raw, Buffer.from('\r\n')])).fields[0]!)).toBe(
          clean.toWellFormed(),
        )
      }),
    )
  })

  it.each(['a\r\nBcc: x@y', 'a\nb', 'a\rb', 'a\0b'])('refuses a line break in a value: %j', (value) => {
    expect(() => headerField('Subject', value)).toThrow(Fault)
    expect(() => rawField('Subject', value)).toThrow(Fault)
    expect(() => headerField(value, 'x')).toThrow(Fault)
  })

  it('unfolds and reads dates', () => {
    const { fields } = parseHeader(Buffer.from('Subject: one\r\n two\r\n\tthree\r\n\r\nbody'))
    expect(fieldValue(fields[0]!)).toBe('one two\tthree')
    expect(parseDate('Mon, 23 Nov 2026 09:30:00 +0100 (CET)')).toBe(Date.UTC(2026, 10, 23, 8, 30))
    expect(parseDate('23 Nov 26 09:30 EST')).toBe(Date.UTC(2026, 10, 23, 14, 30))
    expect(parseDate('yesterday')).toBeNull()
    expect(parseDate(formatDate(1_795_000_000_000))).toBe(1_795_000_000_000)
  })
})

describe('parameters', () => {
  it.each([
    ['attachment; filename=report.pdf', 'report.pdf'],
    ['attachment; filename="a \\"b\\"; c.pdf"', 'a "b"; c.pdf'],
    ["attachment; filename*=utf-8''%E2%82%AC%20rates.pdf", '€ rates.pdf'],
    ['attachment; filename*0*=utf-8\'\'%E2%82; filename*1*=%AC%20; filename*2="rates.pdf"', '€ rates.pdf'],
    ['attachment; filename="=?utf-8?Q?Gr=C3=BC=C3=9Fe.pdf?="', 'Grüße.pdf'],
    ['attachment (a; comment); filename=(x) "y.pdf"', 'y.pdf'],
    ["attachment; filename=plain.pdf; filename*=utf-8''real.exe", 'real.exe'],
  ])('reads %s', (text, name) => expect(parseParameters(text).parameters.get('filename')).toBe(name))

  it('names contradictions', () => {
    expect(parseParameters("a/b; x=1; x*=utf-8''2").defects).toEqual(['parameter-conflict'])
    expect(parseParameters('multipart/mixed; boundary=a; boundary=b')).toMatchObject({
      defects: ['boundary-duplicate'],
    })
    expect(parseParameters('multipart/mixed; boundary=a; boundary=b').parameters.get('boundary')).toBe('a')
    expect(parseParameters('a/b; x="open').defects).toEqual(['parameter-malformed'])
  })

  it('writes what it reads', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (value) => {
        const wire = `attachment${writeParameters([['filename', value]])}`
        for (const line of wire.split('\r\n')) expect(line).toMatch(/^[\x20-\x7e]{0,78}$/)
        const back = parseParameters(wire.replaceAll('\r\n', '')).parameters.get('filename')
        // Encoded words and outer spaces inside of a quoted string are read as mail readers read them.
        if (!value.includes('=?') && value.trim() === value) expect(back).toBe(value.toWellFormed())
      }),
    )
  })
})

describe('address lists', () => {
  it.each<[string, [string, string, string?][]]>([
    ['anna@x.example', [['', 'anna@x.example']]],
    [
      'Anna Example <anna@x.example>, <b@y.example>',
      [
        ['Anna Example', 'anna@x.example'],
        ['', 'b@y.example'],
      ],
    ],
    ['"Example, Anna" <anna@x.example>', [['Example, Anna', 'anna@x.example']]],
    ['anna@x.example (Anna (really))', [['Anna (really)', 'anna@x.example']]],
    ['=?utf-8?Q?Gr=C3=BCn?= <g@x.example>', [['Grün', 'g@x.example']]],
    [
      'Team: a@x.example, "B" <b@x.example>; c@x.example',
      [
        ['', 'a@x.example', 'Team'],
        ['B', 'b@x.example', 'Team'],
        ['', 'c@x.example'],
      ],
    ],
    ['undisclosed-recipients:;', []],
    ['<@relay.example,@other.example:a@x.example>', [['', 'a@x.example']]],
    ['"john doe"@x.example', [['', '"john doe"@x.example']]],
    ['grün@bücher.example', [['', 'grün@bücher.example']]],
    ['a@[192.0.2.1]', [['', 'a@[192.0.2.1]']]],
    ['"ceo@tenant.example" <evil@x.example>', [['ceo@tenant.example', 'evil@x.example']]],
    ['ceo@tenant.example <evil@x.example>', [['ceo @ tenant.example', 'evil@x.example']]],
    [', ,a@x.example,', [['', 'a@x.example']]],
    ['nobody', []],
  ])('parses %s', (text, expected) => {
    expect(
      parseAddresses(text).map(({ name, address, group }) => (group ? [name, address, group] : [name, address])),
    ).toEqual(expected)
  })

  it('never throws and writes lists that it reads again', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => void parseAddresses(text)))
    const mailbox = fc.record({ name: fc.string({ unit: 'grapheme', maxLength: 40 }), address: fc.emailAddress() })
    fc.assert(
      fc.property(fc.array(mailbox, { minLength: 1, maxLength: 5 }), (list) => {
        const boxes = list.map(({ name, address }) => ({
          name: name.replace(/\s+/g, ' ').trim().toWellFormed(),
          address,
        }))
        const field = addressField('To', boxes)
        expect(parseAddresses(fieldValue(field))).toEqual(boxes)
      }),
    )
  })
})

describe('hostile headers', () => {
  it.each([
    ['commas of an open route', '<@'.concat(','.repeat(300_000))],
    ['colons', 'a:'.repeat(200_000)],
    ['quotes', '"a'.repeat(200_000)],
    ['comments', '('.repeat(400_000)],
    ['addresses', '<a@b>,'.repeat(60_000)],
  ])('cost time in proportion: %s', (_, text) => {
    const start = cpuMs()
    parseAddresses(text)
    parseParameters(text)
    decodeWords(text)
    expect(cpuMs() - start).toBeLessThan(2_000)
  })
})
