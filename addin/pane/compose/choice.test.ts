import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SeenMail } from '../host/mail.ts'
import {
  type Choice,
  choiceOf,
  lowersClass,
  METHODS,
  NO_CHOICE,
  numbersOf,
  phoneOf,
  protectionOf,
  recipientsOf,
  requestOf,
  settledChoice,
  wishesOf,
} from './choice.ts'

const labels = ['public', 'internal', 'confidential', 'secret']
const known = { labels, inherited: null }

describe('what the sender chose', () => {
  it('becomes the header that the gateway reads, and is found again there', () => {
    const choice: fc.Arbitrary<Choice> = fc.record({
      classification: fc.option(fc.constantFrom(...labels), { nil: null }),
      encrypt: fc.boolean(),
      sign: fc.boolean(),
      receipt: fc.boolean(),
      plain: fc.constant(false),
      method: fc.option(fc.constantFrom(...METHODS), { nil: null }),
      filelink: fc.option(
        fc.record({
          expires: fc.option(fc.constantFrom(86_400, 1_209_600), { nil: null }),
          secondFactor: fc.boolean(),
        }),
        { nil: null },
      ),
      phones: fc.constant({}),
      reason: fc.constant(''),
    })
    fc.assert(
      fc.property(choice, (one) => {
        expect(choiceOf(one.classification, protectionOf(wishesOf(one)))).toEqual(one)
      }),
    )
  })

  it('asks for less only with its reason, in whatever letters it is written', () => {
    const choice = { ...NO_CHOICE, plain: true, reason: ' Mit Müller 👋 “abgesprochen” ' }
    const header = protectionOf(wishesOf(choice))
    expect(header).toMatch(/^plain;reason=%"[\x20-\x7e]*"$/)
    expect(choiceOf(null, header)).toEqual({ ...choice, reason: 'Mit Müller 👋 “abgesprochen”' })
    expect(protectionOf(wishesOf({ ...choice, encrypt: true }))).toBe('encrypt')
  })

  it('keeps the class of the thread until there is a reason, which then travels along', () => {
    const thread = { ...known, inherited: 'confidential' }
    const lower = { ...NO_CHOICE, classification: 'public' }
    expect(lowersClass(lower, thread)).toBe(true)
    expect(settledChoice(lower, thread).classification).toBe('confidential')
    expect(settledChoice(NO_CHOICE, thread).classification).toBe('confidential')
    const reasoned = { ...lower, reason: 'agreed' }
    expect(settledChoice(reasoned, thread).classification).toBe('public')
    expect(protectionOf(wishesOf(reasoned, true))).toBe('none;reason=%"agreed"')
    expect(protectionOf(wishesOf({ ...reasoned, sign: true }, true))).toBe('sign;reason=%"agreed"')
    expect(settledChoice({ ...NO_CHOICE, classification: 'secret' }, thread).classification).toBe('secret')
  })

  it('gives a number to its recipient, whoever else is there, and finds it again on the draft', () => {
    const bob = person('Bob@partner.example')
    const eve = person('eve@partner.example', 'bcc')
    const phones = { 'bob@partner.example': '0049 (151) 123-45 67', 'eve@partner.example': '0151 1234567' }
    const choice = { ...NO_CHOICE, encrypt: true, phones }
    const wishes = wishesOf(choice)
    const header = protectionOf(wishes, recipientsOf([bob, eve], NOBODY, choice, wishes))
    expect(header).toBe('encrypt, "Bob@partner.example";sms="+491511234567"')
    expect(numbersOf([bob, eve], choiceOf(null, header))).toEqual(new Map([['bob@partner.example', '+491511234567']]))
    expect(protectionOf(wishes, recipientsOf([eve], NOBODY, choice, wishes))).toBe('encrypt')
    expect(['+49 151', '0151 1234567', 'x', ''].map(phoneOf)).toEqual([null, null, null, null])
  })

  it('takes neither of two numbers that a draft has for one recipient', () => {
    const bob = person('bob@partner.example')
    const twice = '"bob@partner.example";sms="+491511234567", "BOB@partner.example";sms="+491510000000"'
    expect(numbersOf([bob], choiceOf(null, twice))).toEqual(new Map())
    const packed = 'sms;list="AAAAAAAArfOy_"'
    expect(Object.values(choiceOf(null, `${packed}, ${packed}`).phones)).toHaveLength(1)
  })

  it('writes no number of a blind recipient where others get the mail: the header would name him', () => {
    const eve = person('eve@partner.example', 'bcc')
    const choice = { ...NO_CHOICE, encrypt: true, phones: { 'eve@partner.example': '+491511234567' } }
    const header = (...others: readonly ReturnType<typeof person>[]) =>
      protectionOf(wishesOf(choice), recipientsOf([...others, eve], NOBODY, choice, wishesOf(choice)))
    expect(header(person('bob@partner.example'))).toBe('encrypt')
    expect(header()).toBe('encrypt, "eve@partner.example";sms="+491511234567"')
  })

  it('takes the number of a draft that an earlier add-in wrote for its only recipient', () => {
    const choice = choiceOf(null, 'pdf;sms="+491511234567"')
    const wishes = wishesOf(choice)
    const bob = person('bob@partner.example')
    expect(protectionOf(wishes, recipientsOf([bob], NOBODY, choice, wishes))).toBe(
      'pdf, "bob@partner.example";sms="+491511234567"',
    )
    const two = [bob, person('eve@partner.example')]
    expect(protectionOf(wishes, recipientsOf(two, NOBODY, choice, wishes))).toBe('pdf')
  })

  it('gives numbers to fifty recipients, and to as many more as the header has room for, the first ones first', () => {
    const people = Array.from({ length: 80 }, (_, n) => person(`somebody-${n}@branch-office.partner.example`))
    const phones = Object.fromEntries(people.map(({ address }, n) => [address!, `+49151123450${n}`]))
    const choice = { ...NO_CHOICE, encrypt: true, phones }
    const wishes = wishesOf(choice)
    const recipients = recipientsOf(people, NOBODY, choice, wishes)
    const numbered = recipients.map(({ phone }) => phone !== undefined)
    expect(numbered.lastIndexOf(true)).toBeGreaterThanOrEqual(49)
    expect(numbered.indexOf(false)).toBe(numbered.lastIndexOf(true) + 1)
    const header = protectionOf(wishes, recipients)
    expect('X-Secflow-Protection'.length + header.length).toBeLessThanOrEqual(998)
    const found = numbersOf(
      people.map((one) => ({ ...one, address: one.address! })),
      choiceOf(null, header),
    )
    expect(found).toEqual(new Map(recipients.flatMap(({ address, phone }) => (phone ? [[address, phone]] : []))))
  })
})

const NOBODY: ReadonlySet<string> = new Set()
const person = (address: string, field: 'to' | 'bcc' = 'to') => ({ field, name: address, address })

describe('what the service is asked', () => {
  const mail: SeenMail = {
    sender: 'anna@demo.example',
    people: [
      { field: 'to', name: 'Bob', address: 'bob@partner.example' },
      { field: 'bcc', name: 'Eve', address: 'eve@partner.example' },
      { field: 'to', name: 'Somebody', address: null },
    ],
    subject: null,
    files: [{ name: 'a.pdf', size: 3 }],
    headers: {},
    notebook: null,
    composeType: 'reply',
    answers: '<1@x>',
    cut: false,
  }

  it('leaves out names without an address, and addresses that it refused', () => {
    const choice = { ...NO_CHOICE, phones: { 'eve@partner.example': '+491511234567', 'bob@partner.example': '+431' } }
    const wishes = [{ token: 'sign' }] as const
    expect(
      requestOf(mail, 'secret', wishes, recipientsOf(mail.people!, new Set(['bob@partner.example']), choice, wishes)),
    ).toEqual({
      sender: 'anna@demo.example',
      recipients: [{ address: 'eve@partner.example', field: 'bcc', phone: '+491511234567' }],
      subject: '',
      attachments: [{ name: 'a.pdf', size: 3 }],
      classification: 'secret',
      protection: [{ token: 'sign' }],
      inReplyTo: ['<1@x>'],
    })
  })

  it('is nothing without a sender or a recipient', () => {
    const recipients = recipientsOf(mail.people!, NOBODY, NO_CHOICE, [])
    expect(requestOf(mail, null, [], recipients)).not.toBeNull()
    expect(requestOf({ ...mail, sender: null }, null, [], recipients)).toBeNull()
    expect(requestOf(mail, null, [], recipientsOf([], NOBODY, NO_CHOICE, []))).toBeNull()
  })
})
