import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { countFinds, searchable } from './detector.ts'
import { detectors } from './detectors.ts'
import { luhn, mod11of10, mod97 } from './digits.ts'

const found = (name: string, text: string) => [
  ...detectors.find((detector) => detector.name === name)!.find(searchable(text)),
]

describe('IBAN', () => {
  // Examples of the registry (SWIFT, ISO 13616).
  it.each([
    'DE89370400440532013000',
    'AT611904300234573201',
    'CH9300762011623852957',
    'GB29NWBK60161331926819',
    'FR1420041010050500013M02606',
    'NO9386011117947',
    'MT84MALT011000012345MTLCAST001S',
    'LC55HEMM000100010012001200023015',
    'NL91ABNA0417164300',
    'ES9121000418450200051332',
  ])('finds %s as written and in groups', (iban) => {
    const grouped = iban.replace(/(.{4})/g, '$1 ').trim()
    expect(found('iban', `Konto ${iban}.`)).toEqual([iban])
    expect(found('iban', `Konto ${grouped} bei der Bank`)).toEqual([iban])
    expect(found('iban', grouped.toLowerCase())).toEqual([iban])
  })
  it.each([
    ['a wrong check digit', 'DE88370400440532013000'],
    ['two digits swapped', 'DE89370400440532010300'],
    ['one digit short', 'DE8937040044053201300'],
    ['one digit more', 'DE893704004405320130000'],
    ['an unknown country', 'ZZ89370400440532013000'],
    ['the length of another country', 'AT89370400440532013000'],
    ['inside a word', 'XDE89370400440532013000'],
    ['two spaces', 'DE89  3704 0044 0532 0130 00'],
  ])('leaves %s', (_, text) => expect(found('iban', text)).toEqual([]))
  it('sees through full-width digits and invisible characters', () => {
    expect(found('iban', 'DE89 3704 0044 0532 0130 ００')).toHaveLength(1)
    expect(found('iban', 'DE89\u200b3704\u00ad00440532013000')).toHaveLength(1)
  })
})

describe('payment cards', () => {
  // Numbers that the schemes publish for tests.
  it.each([
    '4111111111111111',
    '4012888888881881',
    '4222222222222',
    '5555555555554444',
    '5105105105105100',
    '2223003122003222',
    '378282246310005',
    '371449635398431',
    '30569309025904',
    '38520000023237',
    '6011111111111117',
    '3530111333300000',
    '6759649826438453',
  ])('finds %s', (card) => {
    expect(found('paymentCard', `Karte: ${card}, gültig`)).toEqual([card])
  })
  it('finds groups as printed, and nothing that only looks so', () => {
    expect(found('paymentCard', 'VISA 4111 1111 1111 1111 12/26')).toEqual(['4111111111111111'])
    expect(found('paymentCard', '3782-822463-10005')).toEqual(['378282246310005'])
    expect(found('paymentCard', '41 111 111 1111 11111')).toEqual([])
  })
  it.each([
    ['a wrong check digit', '4111111111111112'],
    ['no issuer', '9111111111111111'],
    ['a length the issuer does not have', '37828224631000'],
    ['zeros', '0000000000000000'],
    ['inside a word', 'x4111111111111111'],
  ])('leaves %s', (_, text) => expect(found('paymentCard', text)).toEqual([]))
})

describe('German numbers', () => {
  it.each(['86095742719', '47036892816', '65929970489'])('finds the tax id %s', (id) => {
    expect(found('taxId', `IdNr. ${id}`)).toEqual([id])
    expect(found('taxId', id.replace(/^(..)(...)(...)/, '$1 $2 $3 '))).toEqual([id])
  })
  it.each([
    ['a wrong check digit', '86095742710'],
    ['a leading zero', '06095742719'],
    ['no digit that repeats', '12345678903'],
    ['a thing of 12 digits', '860957427190'],
  ])('leaves %s', (_, text) => expect(found('taxId', text)).toEqual([]))

  it.each(['15070649C103', '65170839J003'])('finds the pension insurance number %s', (number) => {
    expect(found('socialInsurance', `RV-Nr ${number}`)).toEqual([number])
    expect(found('socialInsurance', number.replace(/^(..)(.{6})(.)(...)/, '$1 $2 $3 $4'))).toEqual([number])
  })
  it.each([
    ['a wrong check digit', '15070649C104'],
    ['an unknown insurer', '99070649C103'],
    ['month 13', '15071349C103'],
    ['letters around', 'A15070649C103'],
  ])('leaves %s', (_, text) => expect(found('socialInsurance', text)).toEqual([]))

  it.each(['A123456780', 'A000500015', 'X110411675'])('finds the health insurance number %s', (number) => {
    expect(found('healthInsurance', `KVNR: ${number}`)).toEqual([number])
    expect(found('healthInsurance', number.toLowerCase())).toEqual([number])
  })
  it.each(['A123456781', 'A12345678', 'AB123456780', 'A1234567801'])('leaves %s', (text) => {
    expect(found('healthInsurance', text)).toEqual([])
  })
})

describe('ways to reach people', () => {
  it('finds addresses', () => {
    const text = 'An <Anna.Meier+x@Partner.example>, "bob@sub.example.org". c@x d@@e.example @home mailto:f@g.example'
    expect(found('email', text)).toEqual(['anna.meier+x@partner.example', 'bob@sub.example.org', 'f@g.example'])
  })
  it.each([
    ['+49 30 123456', '+4930123456'],
    ['+49 (0)30 / 1234-56', '+4930123456'],
    ['0049 171 1234567', '+491711234567'],
    ['030/1234567', '+49301234567'],
    ['(089) 123456', '+4989123456'],
    ['01711234567', '+491711234567'],
    ['+41 79 123 45 67', '+41791234567'],
  ])('finds %s', (text, number) => expect(found('phone', `Tel. ${text}.`)).toEqual([number]))
  it.each(['12345678', '2026-12-31', '0 815', '4111111111111111', '+1', 'DE89370400440532013000', '10.02.2026'])(
    'leaves %s',
    (text) => expect(found('phone', text)).toEqual([]),
  )
})

describe('all detectors', () => {
  it('find what valid check digits make, and nothing when one digit changes', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[1-9]\d{17}$/), fc.nat(17), fc.integer({ min: 1, max: 9 }), (bban, at, by) => {
        const check = (98n - (BigInt(`${bban}131400`) % 97n)).toString().padStart(2, '0')
        const iban = `DE${check}${bban}`
        expect(found('iban', `a ${iban} b`)).toEqual([iban])
        const digit = (Number(bban[at]) + by) % 10
        expect(found('iban', `DE${check}${bban.slice(0, at)}${digit}${bban.slice(at + 1)}`)).toEqual([])
      }),
    )
  })
  it('have check digits that catch every single error', () => {
    const changed = (text: string, at: number, by: number) =>
      text.slice(0, at) + ((Number(text[at]) + by) % 10) + text.slice(at + 1)
    for (let by = 1; by < 10; by++) {
      for (let at = 0; at < 11; at++) expect(mod11of10(changed('86095742719', at, by))).toBe(false)
      for (let at = 0; at < 16; at++) expect(luhn(changed('4111111111111111', at, by))).toBe(false)
      for (let at = 4; at < 22; at++) expect(mod97(changed('DE89370400440532013000', at, by))).toBe(false)
    }
  })
  it('count different finds once', () => {
    const iban = detectors[0]!
    expect(countFinds(iban, ['DE89370400440532013000 DE89 3704 0044 0532 0130 00', 'AT611904300234573201'])).toBe(2)
  })
  it('take any text in linear time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        for (const detector of detectors) expect(() => countFinds(detector, [searchable(text)])).not.toThrow()
      }),
    )
    const hostile = ['DE89 ', '4111 ', '1', 'a@', '@', '+4', '0 1', 'A123', '(030) ', '12 345 678 ', 'a.', '00', '+1-']
    for (const part of hostile) {
      const text = part.repeat(Math.floor(500_000 / part.length))
      for (const detector of detectors) {
        const start = cpuMs()
        countFinds(detector, [text])
        expect(cpuMs() - start, `${detector.name} on ${part}`).toBeLessThan(2_000)
      }
    }
  })
})
