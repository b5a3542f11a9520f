import { describe, expect, it } from 'vitest'
import { Members, readElement } from './ber-read.ts'
import * as der from './der.ts'
import { booleanValue, octets, oidValue, smallInteger, timeValue } from './values.ts'

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const read = (hex: string, encoding: 'der' | 'ber' = 'der') => readElement(bytes(hex), { encoding })

describe('the writer', () => {
  it('writes what X.690 shows', () => {
    expect(der.oid('1.2.840.113549.1.7.2').toString('hex')).toBe('06092a864886f70d010702')
    expect(der.oid('2.16.840.1.101.3.4.2.1').toString('hex')).toBe('0609608648016503040201')
    expect(der.integer(0).toString('hex')).toBe('020100')
    expect(der.integer(128).toString('hex')).toBe('02020080')
    expect(der.integer(bytes('00007f')).toString('hex')).toBe('02017f')
    expect(der.header(0x30, 127).toString('hex')).toBe('307f')
    expect(der.header(0x30, 128).toString('hex')).toBe('308180')
    expect(der.header(0x30, 65_536).toString('hex')).toBe('3083010000')
  })

  it('orders a SET OF by encoding', () => {
    expect(der.setOf(der.integer(2), der.integer(1), der.octetString(bytes('00'))).toString('hex')).toBe(
      '3109020101020102040100',
    )
  })

  it('changes from UTCTime to GeneralizedTime with 2050', () => {
    expect(der.time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1')).toContain('491231235959Z')
    expect(der.time(Date.UTC(2050, 0, 1)).toString('latin1')).toContain('20500101000000Z')
    expect(timeValue(readElement(der.time(Date.UTC(2050, 0, 1)), { encoding: 'der' }))).toBe(Date.UTC(2050, 0, 1))
  })
})

describe('the reader', () => {
  it('reads nested, indefinite and constructed values', () => {
    const element = read('30 80 24 80 04 01 61 24 03 04 01 62 00 00 01 01 ff 00 00', 'ber')
    const members = new Members(element, der.TAG.sequence)
    expect(octets(members.take()).toString()).toBe('ab')
    expect(booleanValue(members.take())).toBe(true)
    members.end()
  })

  it.each([
    ['truncated length', '30 82 01', 'ber'],
    ['length past the end', '04 05 00', 'ber'],
    ['gigantic length', '04 84 ff ff ff ff 00', 'ber'],
    ['length of nine octets', '04 89 00 00 00 00 00 00 00 00 01 00', 'ber'],
    ['bytes behind', '05 00 00', 'ber'],
    ['multi-byte tag', '3f 81 00 00', 'ber'],
    ['indefinite without end', '30 80 05 00', 'ber'],
    ['indefinite primitive', '04 80 00 00', 'ber'],
    ['child larger than its parent', '30 03 04 05 00', 'ber'],
    ['end of contents in a definite value', '30 02 00 00', 'ber'],
    ['primitive sequence', '10 00', 'ber'],
    ['indefinite in DER', '30 80 00 00', 'der'],
    ['overlong length in DER', '04 81 01 00', 'der'],
    ['constructed string in DER', '24 03 04 01 61', 'der'],
    ['nothing', '', 'der'],
  ] as const)('refuses %s', (_, hex, encoding) => {
    expect(() => read(hex, encoding)).toThrow(/container-malformed/)
  })

  it('bounds depth and number of elements', () => {
    let deep: Buffer = der.nullValue()
    for (let i = 0; i < 30; i++) deep = der.sequence(deep)
    expect(() => readElement(deep, { encoding: 'der' })).toThrow(/too deeply/)
    const wide = der.sequence(...Array.from({ length: 20 }, () => der.nullValue()))
    expect(() => readElement(wide, { encoding: 'der', maxElements: 20 })).toThrow(/too many/)
    expect(readElement(wide, { encoding: 'der', maxElements: 21 }).children).toHaveLength(20)
    const chain = Buffer.from('3080'.repeat(1_000_000), 'hex')
    expect(() => readElement(chain, { encoding: 'ber' })).toThrow(/too deeply/)
  })

  it('leaves no member unread', () => {
    const members = new Members(read('30 06 02 01 01 02 01 02'), der.TAG.sequence)
    expect(smallInteger(members.take())).toBe(1)
    expect(() => members.end()).toThrow(/unexpected/)
    expect(() => new Members(read('30 00'), der.TAG.sequence).take()).toThrow(/missing/)
  })

  it.each(['06 00', '06 01 80', '06 02 80 01', '06 0a 8f ff ff ff ff ff ff ff ff 7f'])('refuses the OID %s', (hex) => {
    expect(() => oidValue(read(hex))).toThrow(/bad OID/)
  })

  it.each(['17 0b 32 36 31 31 30 31 30 30 30 30 5a', '17 0d 32 36 31 33 30 31 30 30 30 30 30 30 5a'])(
    'refuses the time %s',
    (hex) => {
      expect(() => timeValue(read(hex))).toThrow(/bad time/)
    },
  )
})
