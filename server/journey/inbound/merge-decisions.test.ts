import { describe, expect, it } from 'vitest'
import type { Decision, RecipientDecision } from '../../../shared/domain/index.ts'
import { STANDARD_LABELS, tenantLabels } from '../../../shared/policy/labels.ts'
import { mergeDecisions } from './merge-decisions.ts'

const labels = tenantLabels(STANDARD_LABELS)

const recipient = (address: string): RecipientDecision => ({
  address,
  outcome: 'deliver',
  method: null,
  steps: [],
  reasons: [],
  missing: [],
  simulated: [],
})
const decision = (decisionId: string, addresses: readonly string[], once: Decision['once'] = []): Decision => ({
  decisionId,
  revision: 'r1',
  recipients: addresses.map(recipient),
  copies: [{ recipients: addresses.map((_, at) => at), steps: [] }],
  once,
})

describe('one decision from those on the forms of a mail', () => {
  it('a single one stays as it is', () => {
    const one = decision('aaaa', ['a@x'])
    expect(mergeDecisions([one], labels)).toBe(one)
  })

  it('every recipient stands in it once, with the copy that is his', () => {
    const merged = mergeDecisions(
      [decision('aaaa', ['a@x', 'b@x']), decision('bbbb', ['c@x']), decision('cccc', [])],
      labels,
    )
    expect(merged.recipients.map(({ address }) => address)).toEqual(['a@x', 'b@x', 'c@x'])
    expect(merged.copies.map(({ recipients }) => recipients)).toEqual([[0, 1], [2], []])
    expect(merged.decisionId).toMatch(/^[0-9a-f]{4}$/)
    expect(merged.decisionId).not.toBe('aaaa')
  })

  it('what is done once per message is done once, for the people of both', () => {
    const notify = (to: string) => ({ do: 'notify', to: [to], template: 't', rules: ['r'] }) as const
    const incident = { do: 'incident', webhook: 'soc', category: 'c', severity: 'low', rules: ['r'] } as const
    const archive = { do: 'archive', store: 'journal', form: 'plain' } as const
    const { once } = mergeDecisions(
      [
        decision('aaaa', ['a@x'], [notify('m@x'), incident, archive]),
        decision('bbbb', ['b@x'], [notify('n@x'), incident, archive, { ...archive, form: 'as-sent' }]),
      ],
      labels,
    )
    expect(once).toEqual([{ ...notify('m@x'), to: ['m@x', 'n@x'] }, incident, archive, { ...archive, form: 'as-sent' }])
  })

  it.each([
    [['public', 'secret', 'internal'], 'secret'],
    [['secret', 'public'], 'secret'],
    [['internal', 'a label of another order'], 'a label of another order'],
    [['public', undefined], 'internal'],
  ])('of the classes %j the strictest is that of the mail, whichever form was judged first', (classes, strictest) => {
    const [first, ...more] = classes.map((classification, at) => ({
      ...decision(`aaa${at}`, [`${at}@x`]),
      ...(classification === undefined ? {} : { classification }),
    }))
    expect(mergeDecisions([first!, ...more], labels).classification).toBe(strictest)
  })
})
