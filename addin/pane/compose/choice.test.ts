import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SeenMail } from '../host/mail.ts'
import {
  type Choice,
  choiceOf,
  lowersClass,
  METHODS,
  NO_CHOICE,
  phoneOf,
  protectionOf,
  requestOf,
  settledChoice,
  wishesOf,
} from './choice.ts'

const labels = ['public', 'internal', 'confidential', 'secret']
const known = { labels, inherited: null, recipients: 2 }

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
      phone: fc.constant(''),
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

  it('gives a number to nobody else: it goes as soon as there are two recipients', () => {
    const choice = { ...NO_CHOICE, phone: '0049 (151) 123-45 67' }
    expect(protectionOf(wishesOf(settledChoice(choice, { ...known, recipients: 1 })))).toBe('pdf;sms="+491511234567"')
    expect(protectionOf(wishesOf(settledChoice(choice, known)))).toBe('')
    expect(['+49 151', '0151 1234567', 'x', ''].map(phoneOf)).toEqual([null, null, null, null])
  })
})

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
    expect(requestOf(mail, 'secret', [{ token: 'sign' }], new Set(['bob@partner.example']))).toEqual({
      sender: 'anna@demo.example',
      recipients: [{ address: 'eve@partner.example', field: 'bcc' }],
      subject: '',
      attachments: [{ name: 'a.pdf', size: 3 }],
      classification: 'secret',
      protection: [{ token: 'sign' }],
      inReplyTo: ['<1@x>'],
    })
  })

  it('is nothing without a sender or a recipient', () => {
    expect(requestOf({ ...mail, sender: null }, null, [], new Set())).toBeNull()
    expect(requestOf({ ...mail, people: [] }, null, [], new Set())).toBeNull()
    expect(requestOf({ ...mail, people: null }, null, [], new Set())).toBeNull()
  })
})
