import { describe, expect, it } from 'vitest'
import { errorsOf, file, mail, policyOf, recipient, ruleSet, rules } from '../../../../test/support/policy.ts'
import { decide } from '../../index.ts'

const IBAN = 'DE89370400440532013000'
const LIST = '  lists:\n    diagnoses: {type: string, values: [Diabetes, "Multiple Sklerose", HIV, Asthma]}\n'
const policy = (when: string, lists = '') =>
  policyOf(ruleSet(`${lists}${rules(`{id: a, when: ${when}, then: [{reject: {text: "no"}}]}`)}`))
const outcome = (when: string, message: object, attachments: ReturnType<typeof file>[] = [], lists = '') =>
  decide(policy(when, lists), mail({ message: { bodyText: '', ...message }, attachments, recipients: [recipient()] }))
    .recipients[0]!.outcome

describe('dlp', () => {
  it('counts different finds in subject, body, names and text of attachments', () => {
    const when = '{dlp.iban: {count: {gte: 3}}}'
    const inText = file('a.csv', 10, { text: 'FR1420041010050500013M02606' })
    expect(outcome(when, { subject: IBAN, bodyText: 'AT611904300234573201' }, [inText])).toBe('reject')
    expect(outcome(when, { subject: IBAN, bodyText: `${IBAN} ${IBAN}` }, [inText])).toBe('deliver')
  })
  it('knows bounds', () => {
    const message = { bodyText: `${IBAN} AT611904300234573201` }
    for (const yes of [
      '{gte: 2}',
      '{is: 2}',
      '{gt: 1}',
      '{lte: 2}',
      '{lt: 3}',
      '{between: [1, 2]}',
      '{gte: 1, lt: 3}',
    ]) {
      expect(outcome(`{dlp.iban: {count: ${yes}}}`, message), yes).toBe('reject')
    }
    for (const no of ['{gte: 3}', '{is: 1}', '{gt: 2}', '{lte: 1}', '{lt: 2}', '{between: [3, 9]}']) {
      expect(outcome(`{dlp.iban: {count: ${no}}}`, message), no).toBe('deliver')
    }
  })
  it('is certain of a hit in a part, and of nothing else', () => {
    const unread = file('a.pdf', 10)
    expect(outcome('{dlp.iban: {count: {gte: 1}}}', { bodyText: IBAN }, [unread])).toBe('reject')
    expect(outcome('{dlp.iban: {count: {gte: 1}}}', {}, [unread])).toBe('defer')
    expect(outcome('{dlp.iban: {count: {lt: 1}}}', { bodyText: IBAN }, [unread])).toBe('deliver')
    expect(outcome('{dlp.iban: {count: {gte: 1}}}', { bodyText: '', bodyCut: true })).toBe('defer')
    expect(outcome('{dlp.iban: {count: {gte: 1}}}', { bodyText: undefined })).toBe('defer')
    expect(outcome('{dlp.iban: {count: {gte: 1}}}', { bodyText: '', defects: ['x'] })).toBe('defer')
    expect(outcome('{dlp.iban: {count: {gte: 1}}}', {}, [file('a.png', 10, { text: null })])).toBe('deliver')
    expect(outcome('{message.body: {contains: geheim}}', { bodyText: 'x', bodyCut: true })).toBe('defer')
    expect(outcome('{message.body: {contains: geheim}}', { bodyText: 'geheim', bodyCut: true })).toBe('reject')
  })
  it('counts different words and phrases of a list on word borders', () => {
    const when = '{dlp.text: {words: {list: diagnoses, min: 2}}}'
    expect(outcome(when, { bodyText: 'Asthma, multiple\n Sklerose' }, [], LIST)).toBe('reject')
    expect(outcome(when, { bodyText: 'Asthma Asthma asthmatisch HIVE' }, [], LIST)).toBe('deliver')
    expect(outcome(when, { bodyText: 'Asthma' }, [file('a.docx', 1, { text: 'ＨＩＶ' })], LIST)).toBe('reject')
    expect(outcome('{message.subject: {words: {of: [streng geheim]}}}', { subject: 'STRENG  geheim!' })).toBe('reject')
  })
  it('names mistakes', () => {
    const errors = (when: string) => errorsOf(ruleSet(rules(`{id: a, when: ${when}, then: [receipt]}`)))
    expect(errors('{dlp.ibann: {count: {gte: 1}}}')).toEqual(['unknown-field'])
    expect(errors('{dlp.iban: {gte: 1}}')).toEqual(['unknown-operator'])
    expect(errors('{dlp.iban: {count: {}}}')).toEqual(['missing-key'])
    expect(errors('{dlp.text: {words: {list: none}}}')).toEqual(['unknown-list'])
    expect(errors('{dlp.text: {words: {of: [a], min: 2}}}')).toEqual(['wrong-value'])
    expect(errors('{dlp.text: {is: a}}')).toEqual(['unknown-operator'])
    expect(errors('{cel: "a"}')).toEqual(['cel-not-allowed'])
  })
})
