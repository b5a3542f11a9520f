import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../../shared/contract/index.ts'
import { EMPTY_NOTEBOOK } from '../../stamp/notebook.ts'
import { trouble } from '../api/trouble.ts'
import type { SeenMail } from '../host/mail.ts'
import { type Happening, isWaiting, reduce, START } from './model.ts'

const verdict = (id: string): Verdict => ({ decisionId: id, revision: 'r', stamp: 's', recipients: [], copies: [] })
const mail = (change: Partial<SeenMail> = {}): SeenMail => ({
  sender: 'anna@demo.example',
  people: [{ field: 'to', name: 'bob', address: 'bob@partner.example' }],
  subject: 'Offer',
  files: [],
  headers: {},
  notebook: EMPTY_NOTEBOOK,
  composeType: 'newMail',
  answers: null,
  cut: false,
  ...change,
})
const after = (...happenings: Happening[]) => happenings.reduce(reduce, START)
const answered = (question: number, source: 'service' | 'offline' = 'service'): Happening => ({
  type: 'answered',
  verdict: verdict(`${source} ${question}`),
  source,
  question,
})

describe('the preview', () => {
  it('never shows an older answer over a newer one, in whatever order answers and troubles come', () => {
    const happening = fc.oneof(
      fc.tuple(fc.constantFrom('service' as const, 'offline' as const), fc.integer({ min: 1, max: 6 })),
      fc.integer({ min: 1, max: 6 }),
    )
    fc.assert(
      fc.property(fc.array(happening), (list) => {
        let state = after(...[1, 2, 3, 4, 5, 6].map((question): Happening => ({ type: 'asked', question })))
        let newest = 0
        for (const one of list) {
          const next = Array.isArray(one)
            ? answered(one[1], one[0])
            : ({ type: 'trouble', question: one, trouble: trouble('broken') } as const)
          if (Array.isArray(one)) newest = Math.max(newest, one[1])
          state = reduce(state, next)
          expect(state.shown?.question ?? 0).toBe(newest)
        }
        const answers = list.filter((one) => Array.isArray(one) && one[1] === newest)
        if (answers.some((one) => Array.isArray(one) && one[0] === 'service'))
          expect(state.shown?.source).toBe('service')
      }),
    )
  })

  it('says that it waits while an older answer is shown, and for how long', () => {
    const state = after(
      { type: 'mail', mail: mail() },
      { type: 'asked', question: 1 },
      answered(1),
      { type: 'asked', question: 2 },
      { type: 'slow', question: 1 },
    )
    expect([isWaiting(state), state.slow, state.shown?.question]).toEqual([true, false, 1])
    expect(reduce(state, { type: 'slow', question: 2 }).slow).toBe(true)
    const late = reduce(reduce(state, { type: 'slow', question: 2 }), answered(2))
    expect([isWaiting(late), late.slow]).toEqual([false, false])
  })

  it('keeps the trouble beside what the kept policy says, until the service answers', () => {
    const trouble500 = trouble('broken')
    const state = after({ type: 'asked', question: 1 }, answered(1, 'offline'), {
      type: 'trouble',
      question: 1,
      trouble: trouble500,
    })
    expect([state.trouble, state.shown?.source]).toEqual([trouble500, 'offline'])
    const next = [{ type: 'asked', question: 2 } as const, answered(2)].reduce(reduce, state)
    expect([next.trouble, next.shown?.source]).toEqual([null, 'service'])
    expect(reduce(next, { type: 'trouble', question: 1, trouble: trouble500 }).trouble).toBeNull()
  })
})

describe('the draft', () => {
  it('brings the choice along that stands on it, headers before notes', () => {
    const noted = { ...EMPTY_NOTEBOOK, classification: 'internal', protection: 'sign' }
    const headers = { 'x-secflow-classification': 'secret', 'x-secflow-protection': 'None' }
    expect(after({ type: 'mail', mail: mail({ headers, notebook: noted }) }).choice).toMatchObject({
      classification: 'secret',
      sign: true,
    })
  })

  it('does not take back what was chosen here when it is read again', () => {
    const state = after(
      { type: 'mail', mail: mail() },
      { type: 'chosen', change: { classification: 'secret' } },
      { type: 'mail', mail: mail({ headers: { 'x-secflow-classification': 'public' } }) },
    )
    expect(state.choice.classification).toBe('secret')
  })

  it('is no longer stamped once it is another', () => {
    const stamped: Happening = { type: 'stamp', stamp: { kind: 'stamped', signed: true } }
    const first: Happening = { type: 'mail', mail: mail() }
    expect(after(first, stamped, { type: 'mail', mail: mail({ subject: 'Other' }) }).stamp.kind).toBe('none')
    expect(after(first, stamped, { type: 'mail', mail: mail({ headers: { a: 'b' } }) }).stamp.kind).toBe('stamped')
    expect(after(first, stamped, { type: 'chosen', change: { sign: true } }).stamp.kind).toBe('none')
  })

  it('that answers has at least the class of what it answers, even where no event noted it', () => {
    const headers = { 'x-secflow-classification': 'secret' }
    const inherited = (change: Partial<SeenMail>) => after({ type: 'mail', mail: mail(change) }).inherited
    expect(inherited({ composeType: 'reply', headers })).toBe('secret')
    expect(inherited({ composeType: 'newMail', headers })).toBeNull()
    expect(inherited({ composeType: 'forward', headers: {} })).toBeNull()
    expect(inherited({ notebook: { ...EMPTY_NOTEBOOK, inherited: 'internal' } })).toBe('internal')
  })

  it('that did not change is the same state: nothing is drawn anew', () => {
    const state = after({ type: 'mail', mail: mail() })
    expect(reduce(state, { type: 'mail', mail: mail() })).toBe(state)
  })
})
