import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { givenNumbers } from '../../server/journey/evaluate/given-numbers.ts'
import type { Protection } from '../domain/index.ts'
import { serializeWishes, WISHES_ROOM } from './given-numbers.ts'
import { numberKey } from './packed-numbers.ts'
import { parseProtection } from './protection.ts'

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('base64url')
const ENCRYPT: readonly Protection[] = [{ token: 'encrypt' }]
const to = (address: string, phone?: string) => ({ address, visible: true, phone })
/** Whose number the gateway reads out of a value. */
const read = (value: string, visible: readonly string[]) =>
  Object.fromEntries(givenNumbers(parseProtection([value]).numbers, visible, (text) => text).numbers)

describe('phone numbers of single recipients', () => {
  it('stand beside the wishes, each with its address', () => {
    const value = serializeWishes(
      ENCRYPT,
      [
        to('Bob@partner.example', '+4915112345678'),
        to('carol@partner.example'),
        to('dörte@müller.example', '+43664123456'),
      ],
      sha256,
    )
    expect(value).toBe(
      'encrypt, "Bob@partner.example";sms="+4915112345678", %"d%c3%b6rte@m%c3%bcller.example";sms="+43664123456"',
    )
    expect(parseProtection([value]).protection).toEqual(ENCRYPT)
    expect(read(value, [])).toEqual({
      'bob@partner.example': '+4915112345678',
      'dörte@xn--mller-kva.example': '+43664123456',
    })
  })

  it('are nothing where nobody has one', () => {
    expect(serializeWishes(ENCRYPT, [to('bob@partner.example')], sha256)).toBe('encrypt')
    expect(serializeWishes([], [], sha256)).toBe('')
  })

  it('fit for fifty recipients into the 998 characters of a header field in Outlook, and can be folded there', () => {
    const people = Array.from({ length: 50 }, (_, n) =>
      to(`somebody.with.a.long.name.${n}@branch-office.partner.example`, `+4915112345${100 + n}`),
    )
    const wishes: readonly Protection[] = [{ token: 'encrypt', reason: 'x'.repeat(200) }, { token: 'receipt' }]
    const value = serializeWishes(wishes, people, sha256)
    expect(value.length).toBeLessThanOrEqual(WISHES_ROOM)
    expect(value).toMatch(/^[\x20-\x7e]*$/)
    expect(Math.max(...value.split(' ').map((word) => word.length))).toBeLessThan(300)
    expect(
      read(
        value,
        people.map(({ address }) => address),
      ),
    ).toEqual(Object.fromEntries(people.map(({ address, phone }) => [address, phone])))
    expect(
      read(
        value.replace(/ /g, '\t'),
        people.map(({ address }) => address),
      ),
    ).toEqual(Object.fromEntries(people.map(({ address, phone }) => [address, phone])))
  })

  it('come back whoever they are for, packed or not', () => {
    const person = fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9._]{0,20}[a-z]$/).filter((name) => !name.includes('..')),
      phone: fc.option(fc.bigInt({ min: 1_000_000n, max: 999_999_999_999_999n }), { nil: undefined }),
      visible: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.uniqueArray(person, { selector: ({ name }) => name, maxLength: 60, size: 'max' }), (people) => {
        const written = people.map(({ name, phone, visible }) => ({
          address: `${name}@partner.example`,
          visible,
          phone: phone === undefined ? undefined : `+${phone}`,
        }))
        const value = serializeWishes(ENCRYPT, written, sha256)
        const visible = written.filter((one) => one.visible).map(({ address }) => address)
        expect(read(value, visible)).toEqual(
          Object.fromEntries(written.flatMap(({ address, phone }) => (phone ? [[address, phone]] : []))),
        )
      }),
    )
  })

  it('count for nobody where it is not clear whose they are', () => {
    expect(read('"a@x.example";sms="+4915112345678", "A@X.example";sms="+4915100000000"', [])).toEqual({})
    expect(read('"a@x.example";sms="+4915112345678", "A@X.example";sms="+4915112345678"', [])).toEqual({
      'a@x.example': '+4915112345678',
    })
    const packed = serializeWishes(
      [],
      Array.from({ length: 40 }, (_, n) => to(`a-long-name-${n}@branch-office.partner.example`, '+4915112345678')),
      sha256,
    )
    expect(packed).toMatch(/^sms;list="/)
    expect(read(packed, ['stranger@x.example'])).toEqual({})
  })

  it('are none where one recipient was given two, packed or not', () => {
    const people = Array.from({ length: 40 }, (_, n) =>
      to(`a-long-name-${n}@branch-office.partner.example`, '+4915100000000'),
    )
    const twice = [...people, to('A-LONG-NAME-7@branch-office.partner.example', '+4915111111111')]
    const found = read(
      serializeWishes([], twice, sha256),
      people.map(({ address }) => address),
    )
    expect(Object.keys(found)).toHaveLength(39)
    expect(found).not.toHaveProperty([people[7]!.address])
    const [one] = people
    expect(read(serializeWishes([], [one!, one!], sha256), [])).toEqual({ [one!.address]: '+4915100000000' })
    expect(read(serializeWishes([], [one!, { ...one!, phone: '+4915111111111' }], sha256), [])).toEqual({})
  })

  it('are never a part of what was written, where a header is longer than is read', () => {
    const cut = '"a@x.example";sms=+491511234'
    const wishes = `encrypt${' '.repeat(16_384 - 'encrypt,'.length - cut.length)},`
    expect(read(`${wishes}${cut}`, [])).toEqual({ 'a@x.example': '+491511234' })
    expect(read(`${wishes}${cut}5678`, [])).toEqual({})
    expect(parseProtection([`${wishes}${cut}5678`]).protection).toEqual(ENCRYPT)
  })

  it('are written out where two addresses begin alike, and never read from such a list', () => {
    const [first, second] = twins()
    const people = [
      ...Array.from({ length: 30 }, (_, n) => to(`a-long-name-${n}@branch-office.partner.example`, '+4915100000000')),
      to(first, '+4915111111111'),
      to(second),
    ]
    const value = serializeWishes([], people, sha256)
    expect(value).toContain(`"${first}";sms="+4915111111111"`)
    const visible = people.map(({ address }) => address)
    expect(read(value, visible)[first]).toBe('+4915111111111')
    expect(read(value, visible)[second]).toBeUndefined()
    const forged = serializeWishes([], people.slice(0, -1), sha256)
    expect(read(forged, visible)).not.toHaveProperty([first])
    expect(read(forged, visible)).not.toHaveProperty([second])
  })

  it.each([
    '"a@x.example"',
    '"a@x.example";sms=1234',
    '"a@x.example";sms="+4915112345678";sms="+4915100000000"',
    '"a@x.example";sms="0151 123456"',
    '"a@x.example;sms="+4915112345678"',
    'sms',
    'sms;list="abc"',
    'sms;list="AAAAAAAAAAAAA"',
    'sms;list=7',
  ])('that are none cost no wish: %s', (member) => {
    const { protection, numbers, notes } = parseProtection([`${member}, encrypt`])
    expect(protection.length + notes.length).toBeGreaterThan(0)
    expect(numbers).toEqual([])
    expect(parseProtection([`encrypt, ${member}`]).protection).toEqual(ENCRYPT)
  })
})

/** Two addresses with the same key: some thousands of tries. */
function twins(): readonly [string, string] {
  const seen = new Map<string, string>()
  for (let n = 0; ; n++) {
    const address = `t${n}@twins.example`
    const key = numberKey(address, sha256)
    const other = seen.get(key)
    if (other) return [other, address]
    seen.set(key, address)
  }
}
