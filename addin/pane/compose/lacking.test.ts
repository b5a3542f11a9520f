import { expect, it } from 'vitest'
import type { Verdict } from '../../../shared/contract/index.ts'
import { NO_CHOICE } from './choice.ts'
import { fieldOf, lackingIn } from './lacking.ts'
import { type ComposeState, START } from './model.ts'

type Recipient = Verdict['recipients'][number]
const recipient = (outcome: Recipient['outcome'], ...fields: string[]): Recipient => ({
  address: 'bob@partner.example',
  outcome,
  steps: [],
  method: null,
  reasons: [],
  missing: fields.map((field) => ({ field, text: field })),
})
const state = (recipients: readonly Recipient[], more: Partial<ComposeState> = {}): ComposeState => ({
  ...START,
  asked: 1,
  shown: {
    question: 1,
    source: 'service',
    verdict: { decisionId: 'd', revision: 'r', stamp: '', recipients: [...recipients], copies: [] },
  },
  ...more,
})

it('brings the sender to what stops the mail: a number first, then a reason, then the class', () => {
  const stopped = recipient('hold', 'certificate', 'phone')
  const unreasoned = { choice: { ...NO_CHOICE, plain: true } }
  expect(lackingIn(state([recipient('deliver'), stopped], unreasoned))).toBe('phone')
  expect(lackingIn(state([recipient('reject', 'certificate')], unreasoned))).toBe('reason')
  expect(
    lackingIn(state([recipient('deliver', 'phone')], { choice: { ...NO_CHOICE, plain: true, reason: 'agreed' } })),
  ).toBe('class')
  expect(lackingIn(state([recipient('reject')]))).toBe('class')
})

it('waits until that is known', () => {
  expect(lackingIn(START)).toBeNull()
  expect(lackingIn(state([recipient('hold', 'phone')], { asked: 2 }))).toBeNull()
  const away = { kind: 'offline', again: null, pointers: [] } as unknown as ComposeState['trouble']
  expect(lackingIn({ ...START, asked: 1, trouble: away })).toBe('class')
})

it('stands at the first number that is missing, and at the class that is chosen', () => {
  const phones = [{ value: '+491511234567' }, { value: ' ' }, { value: '' }]
  expect(fieldOf('phone', phones)).toBe(phones[1])
  expect(fieldOf('phone', phones.slice(0, 1))).toBe(phones[0])
  const classes = ['public', 'internal', 'secret'].map((value, at) => ({ value, checked: at === 1 }))
  expect(fieldOf('class', classes)).toBe(classes[1])
  expect(fieldOf('class', [{ value: 'public', checked: false }])).toMatchObject({ value: 'public' })
  expect(fieldOf('reason', [])).toBeUndefined()
})
