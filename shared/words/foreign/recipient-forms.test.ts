import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { parseForeignMapping } from './document.ts'
import type { ForeignIntent } from './mapping.ts'
import { FOREIGN_PRODUCTS } from './products.ts'
import { readForeignAddress, withoutRecipientForms } from './recipient-forms.ts'

const of = (names: string, unsafe = false): ForeignIntent => ({
  products: FOREIGN_PRODUCTS.filter(({ product }) => names.split(' ').includes(product)),
  labels: {},
  unsafe,
})
const all: ForeignIntent = { products: FOREIGN_PRODUCTS, labels: {}, unsafe: false }
const mapping = (recipient: string) =>
  parseForeignMapping(
    `apiVersion: secflow/v1\nkind: ForeignIntent\nspec: {products: [{product: x, recipients: [{recipient: "${recipient}", protection: "plain, sign"}]}]}`,
  )

describe('an address with a form of another gateway', () => {
  it.each([
    ['ssh-secure-mail', 'anna@clinic.example.s', 'anna@clinic.example', 'encrypt'],
    ['ssh-secure-mail', 'Anna@Clinic.Example.S', 'Anna@Clinic.Example', 'encrypt'],
    ['ssh-secure-mail', '"an na"@clinic.example.s', '"an na"@clinic.example', 'encrypt'],
    ['incamail', 'anna@clinic.example.incamail.ch', 'anna@clinic.example', 'encrypt'],
    ['privasphere', 'psph_no_muc_anna@clinic.example', 'anna@clinic.example', 'portal;second-factor'],
    ['privasphere ssh-secure-mail', 'psph_no_muc_a@x.example.s', 'a@x.example', 'portal;second-factor, encrypt'],
  ])('%s: %s is %s', (product, typed, address, protection) => {
    const read = readForeignAddress(typed, of(product))
    expect(read?.address).toBe(address)
    expect(read?.protection.split(', ').toSorted()).toEqual(protection.split(', ').toSorted())
  })
  it.each([
    ['ssh-secure-mail', 'anna@clinic.example'],
    ['ssh-secure-mail', 'anna@clinic.s'],
    ['ssh-secure-mail', 'anna@clinic.examples'],
    ['ssh-secure-mail', 'anna@clinic.example.s.example'],
    ['ssh-secure-mail', 'anna@[192.0.2.1].s'],
    ['ssh-secure-mail', '@clinic.example.s'],
    ['incamail', 'support@incamail.ch'],
    ['incamail', 'info@support.incamail.ch'],
    ['privasphere', 'PSPH_no_muc_anna@clinic.example'],
    ['privasphere', 'psph_no_muc_@clinic.example'],
    ['seppmail', 'anna@clinic.example.s'],
  ])('%s: %s is an address like others', (product, typed) => {
    expect(readForeignAddress(typed, of(product))).toBeNull()
  })
  it('counts as meant where it is unsafe and allowed, and is warned of in any case', () => {
    expect(readForeignAddress('psph_no_muc_a@x.example', of('privasphere', true))).toMatchObject({
      protection: 'encrypt',
      warnings: [expect.stringContaining('psph_no_muc_')],
    })
    expect(readForeignAddress('psph_no_muc_a@x.example', of('privasphere'))?.warnings).toHaveLength(1)
  })
  it('never asks for less protection', () => {
    const products = mapping('open_{address}')
    expect(readForeignAddress('open_a@x.example', { products, labels: {}, unsafe: false })?.protection).toBe('sign')
  })
  it.each(['{address}', 'x', '{address}s', 'a b{address}', '{address}.s {address}', 'a@{address}'])(
    'a mapping with %s is refused',
    (form) => expect(() => mapping(form)).toThrow(/recipient/),
  )
})

describe('To and Cc', () => {
  it.each([
    ['To: anna@clinic.example.s', 'To: anna@clinic.example'],
    ['To: "anna@clinic.example.s" <anna@clinic.example.s>', 'To: "anna@clinic.example" <anna@clinic.example>'],
    ["To: 'anna@clinic.example.s' <anna@clinic.example.s>", "To: 'anna@clinic.example' <anna@clinic.example>"],
    ['To: A <psph_no_muc_a@x.example>,\r\n B (b@x.example.S)', 'To: A <a@x.example>,\r\n B (b@x.example)'],
    ['To: team: a@x.example.s, b@y.example;', 'To: team: a@x.example, b@y.example;'],
    ['To: "an na"@x.example.s', 'To: "an na"@x.example'],
    ['To: Mr. Anna S. <anna@clinic.example>', 'To: Mr. Anna S. <anna@clinic.example>'],
  ])('%s', (text, real) => expect(withoutRecipientForms(text, all)).toBe(real))
  it('name nobody by a form after one pass, whatever they hold, and keep their bytes where nothing is known', () => {
    const piece = fc.constantFrom(
      'psph_no_muc_',
      'a',
      '@',
      '.s',
      'x.example',
      '.incamail.ch',
      ' ',
      '<',
      '>',
      '"',
      "'",
      ',',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('')
        const once = withoutRecipientForms(text, all)
        // So many forms in one address that it is none.
        fc.pre((text.match(/psph|\.s|incamail/g) ?? []).length <= 4)
        expect(withoutRecipientForms(once, all)).toBe(once)
        expect(withoutRecipientForms(text, of(''))).toBe(text)
      }),
    )
    const start = cpuMs()
    for (const hostile of ['psph_no_muc_', '.s', '@', 'a@x.example.s', '"', "'"])
      withoutRecipientForms(hostile.repeat(50_000), all)
    expect(cpuMs() - start).toBeLessThan(2_000)
  })
})
