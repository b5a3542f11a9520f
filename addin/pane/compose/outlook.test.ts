import { describe, expect, it } from 'vitest'
import type { Verdict, Vocabulary } from '../../../shared/contract/index.ts'
import { troubleOf } from '../api/trouble.ts'
import { quarter } from '../classification/quarter.ts'
import type { SeenMail } from '../host/mail.ts'
import { isCut } from '../host/mail.ts'
import { toneOf } from '../read/tone.ts'
import { lightness, themeOf } from '../theme/theme.ts'
import { NO_CHOICE } from './choice.ts'
import { optionsOf } from './options.ts'
import { groupsOf, noticesOf, type RecipientVerdict } from './outlook.ts'

const person = (address: string | null, field: 'to' | 'cc' | 'bcc' = 'to') => ({
  field,
  name: address ?? 'Bernd',
  address,
})
const mail = (...people: SeenMail['people'] & object): SeenMail => ({
  sender: 'anna@demo.example',
  people,
  subject: 's',
  files: [],
  headers: {},
  notebook: null,
  composeType: null,
  answers: null,
  cut: false,
})
const said = (address: string, more: Partial<RecipientVerdict> = {}): RecipientVerdict => ({
  address,
  outcome: 'deliver',
  steps: [],
  method: null,
  reasons: [],
  missing: [],
  ...more,
})
const verdict = (...recipients: RecipientVerdict[]): Verdict => ({
  decisionId: 'd',
  revision: 'r',
  stamp: 's',
  recipients,
  copies: [],
})

describe('what will happen', () => {
  it('is shown by fate, trouble first, everybody once', () => {
    const seen = mail(
      person('b@x.example'),
      person('B@x.example', 'cc'),
      person('eva@demo.example'),
      person('c@x.example', 'bcc'),
      person(null),
    )
    const answer = verdict(
      said('b@x.example', { method: 'smime' }),
      said('eva@demo.example', { method: 'smime' }),
      said('c@x.example', { outcome: 'reject', text: ' no ' }),
    )
    expect(
      groupsOf(seen, answer, []).map(({ fate, text, members }) => [
        fate,
        text,
        members.map((one) => `${one.person.address}${one.external ? ' external' : ''}`),
      ]),
    ).toEqual([
      ['reject', 'no', ['c@x.example external']],
      ['smime', null, ['b@x.example external', 'eva@demo.example']],
    ])
    expect(noticesOf(seen, new Set(['b@x.example']), ['x.example'])).toMatchObject({
      external: 0,
      unresolved: ['b@x.example', 'Bernd'],
    })
  })

  it('counts to where clients stop counting', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => person(`${at}@x.example`))
    expect([499, 500, 501, 1000].map((count) => isCut(many(count)))).toEqual([false, true, false, true])
  })
})

describe('what may be chosen', () => {
  const words: Vocabulary = {
    language: 'en',
    labels: [],
    defaultLabel: null,
    protections: ['encrypt', 'sign', 'filelink', 'plain', 'smime'].map((token) => ({
      token,
      name: token,
      description: '',
      parameters: [],
    })),
  }
  const shown = (...recipients: RecipientVerdict[]) =>
    ({ verdict: verdict(...recipients), source: 'service', question: 1 }) as const
  const find = (options: ReturnType<typeof optionsOf>, token: string) =>
    options.switches.find((option) => option.token === token)

  it('leaves out what the policy has no word for', () => {
    expect(optionsOf(words, NO_CHOICE, null, 1).switches.map(({ token }) => token)).toEqual([
      'encrypt',
      'sign',
      'filelink',
      'plain',
    ])
  })

  it('is on and locked where the policy does it anyway, with its reason', () => {
    const reasons = [{ rule: 'r', layer: 'tenant', text: 'Because.' }]
    const options = optionsOf(words, NO_CHOICE, shown(said('a', { method: 'portal', reasons })), 0)
    expect(find(options, 'encrypt')).toMatchObject({ on: true, lock: { why: 'policy', text: 'Because.' } })
    expect(find(options, 'filelink')).toMatchObject({ on: false, lock: { why: 'no-files' } })
    expect(find(options, 'plain')).toMatchObject({ on: false, lock: null })
  })

  it('is free where the sender asked for it, and says when the policy answers no', () => {
    const missing = [{ field: 'plain', text: 'Not here.' }]
    const options = optionsOf(words, { ...NO_CHOICE, plain: true }, shown(said('a', { method: 'smime', missing })), 1)
    expect(find(options, 'plain')).toMatchObject({ on: true, lock: null, denied: 'Not here.' })
    const asked = optionsOf(words, { ...NO_CHOICE, encrypt: true }, shown(said('a', { method: 'smime' })), 1)
    expect(find(asked, 'encrypt')).toMatchObject({ on: true, lock: null })
    expect(find(asked, 'plain')).toMatchObject({ lock: { why: 'encrypted' } })
  })
})

describe('the look', () => {
  it('follows Outlook, then the system; a setting goes before both', () => {
    expect(themeOf('auto', { bodyBackgroundColor: '#1f1f1f' }, false)).toBe('dark')
    expect(themeOf('auto', { bodyBackgroundColor: '#fff' }, true)).toBe('light')
    expect(themeOf('auto', undefined, true)).toBe('dark')
    expect(themeOf('light', { bodyBackgroundColor: '#000000' }, true)).toBe('light')
    expect(['red', '', '#12', undefined].map(lightness)).toEqual([null, null, null, null])
  })

  it('has four steps for any number of classes', () => {
    expect([1, 2, 3, 4, 6].map((of) => Array.from({ length: of }, (_, at) => quarter(at, of)))).toEqual([
      [0],
      [0, 3],
      [0, 2, 3],
      [0, 1, 2, 3],
      [0, 1, 1, 2, 2, 3],
    ])
  })

  it('promises nothing for a state of the future', () => {
    expect(['good', 'broken', 'expired', 'plain', 'shiny', 'constructor'].map(toneOf)).toEqual([
      'good',
      'bad',
      'partly',
      'unknown',
      'unknown',
      'unknown',
    ])
  })
})

describe('an answer that is none', () => {
  it.each([
    [401, 'signed-out', null],
    [403, 'forbidden', null],
    [400, 'refused', null],
    [422, 'refused', null],
    [500, 'broken', 15_000],
    [502, 'broken', 15_000],
    [504, 'slow', 15_000],
  ] as const)('%i is %s', (status, kind, again) => {
    expect(troubleOf(status, null, null)).toMatchObject({ kind, again })
  })

  it('is asked again when the service says, within reason', () => {
    expect(troubleOf(429, '60', {}).again).toBe(60_000)
    expect(troubleOf(429, '0', {}).again).toBe(1000)
    expect(troubleOf(503, '999999', {}).again).toBe(300_000)
    expect(troubleOf(429, 'Wed, 21 Oct', {}).again).toBe(15_000)
    expect(troubleOf(400, null, { errors: [{ pointer: '/a' }, null, 7], code: 'x' })).toMatchObject({
      pointers: ['/a'],
      code: 'x',
    })
  })
})
