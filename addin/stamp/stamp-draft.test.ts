import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signStamp, stampKey } from '../../server/people/stamp.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { NONE } from '../../shared/words/stamp.ts'
import { MESSAGE_MAX, sendCompletion } from './alert.ts'
import { claimsOf } from './claims.ts'
import { highestClass } from './classes.ts'
import type { SeenDraft } from './draft.ts'
import { EMPTY_NOTEBOOK, type Notebook, readNotebook, writeNotebook } from './notebook.ts'
import { stampDraft } from './stamp-draft.ts'
import { alertLanguage, alertWords } from './words.ts'

const key = stampKey(
  { keyEncryptionKey: () => Buffer.alloc(32, 1), macKey: () => Buffer.alloc(32, 2) },
  tenantId('demo'),
)
const NOW = Date.parse('2026-11-23T10:00:00Z')
const CHOICE = { classification: 'confidential', protection: 'encrypt' }
const FILES = [
  { name: 'plan.step', size: 35_000_000 },
  { name: 'Übersicht.pdf', size: 12 },
]
const DRAFT: SeenDraft = {
  sender: 'Anna@Demo.example',
  to: ['bob@partner.example'],
  cc: ['C@partner.example'],
  bcc: ['blind@demo.example'],
  subject: 'Offer  4711 🙂',
  files: FILES,
  headers: {},
  notebook: EMPTY_NOTEBOOK,
}

const stampFor = (
  more: {
    outcome?: 'send' | 'ask' | 'stop'
    subject?: string
    protection?: string
    withNumbers?: string
    time?: number
  } = {},
) =>
  signStamp(
    key,
    {
      sender: 'anna@demo.example',
      visible: ['c@partner.example', 'bob@partner.example'],
      subject: more.subject ?? 'Offer 4711 🙂',
      files: FILES.toReversed(),
    },
    { ...CHOICE, ...more },
    more.time ?? NOW,
  )

async function noted(more: Parameters<typeof stampFor>[0] & { lines?: string[] } = {}): Promise<Notebook> {
  const verdict = { stamp: await stampFor(more), bcc: ['Blind@demo.example'], lines: more.lines ?? [] }
  return { ...EMPTY_NOTEBOOK, ...CHOICE, verdict }
}

const values = (draft: SeenDraft) => {
  const { headers } = stampDraft(draft)
  return headers && Object.values(headers)
}

describe('what is stamped on a draft', () => {
  it('is none three times where nothing was chosen', () => {
    expect(stampDraft(DRAFT)).toEqual({
      headers: { 'X-Secflow-Classification': NONE, 'X-Secflow-Protection': NONE, 'X-Secflow-Stamp': NONE },
      verdict: null,
    })
  })

  it('is the choice with its stamp while the draft is the one it was made for', async () => {
    const notebook = await noted()
    expect(values({ ...DRAFT, notebook })).toEqual(['confidential', 'encrypt', notebook.verdict!.stamp])
    const [classification, protection, stamp] = values({ ...DRAFT, notebook })!
    const headers = {
      'x-secflow-classification': classification,
      'x-secflow-protection': protection,
      'x-secflow-stamp': stamp,
    }
    expect(values({ ...DRAFT, headers, bcc: [] }), 'a draft that is opened again').toEqual(Object.values(headers))
  })

  it.each<[string, Partial<SeenDraft>]>([
    ['another subject', { subject: 'Offer 4712' }],
    ['one recipient more', { to: ['bob@partner.example', 'd@partner.example'] }],
    ['one recipient less', { cc: [] }],
    ['another blind recipient', { bcc: ['eve@rival.example'] }],
    ['another attachment', { files: [{ name: 'plan.step', size: 35_000_001 }, FILES[1]!] }],
    ['an attachment more', { files: [...FILES, { name: 'late.zip', size: 1 }] }],
    ['the mailbox of somebody else', { sender: 'boss@demo.example' }],
    ['recipients nobody could read', { to: null }],
    ['blind recipients nobody could read', { bcc: null }],
    ['attachments nobody could read', { files: null }],
    ['a sender nobody could read', { sender: null }],
    ['another class in the header', { headers: { 'x-secflow-classification': 'secret' } }],
    ['another wish in the header', { headers: { 'x-secflow-protection': 'plain' } }],
  ])('loses its signature with %s', async (_, change) => {
    const [classification, protection, stamp] = values({ ...DRAFT, notebook: await noted(), ...change })!
    expect(stamp).toBe(NONE)
    expect([classification, protection]).toEqual([
      change.headers?.['x-secflow-classification'] ?? 'confidential',
      change.headers?.['x-secflow-protection'] ?? 'encrypt',
    ])
  })

  it('keeps the phone numbers it was made for, and is none for others', async () => {
    const protection = 'encrypt, "bob@partner.example";sms="+4915112345678", "c@partner.example";sms="+4366412345678"'
    const { verdict } = await noted({ withNumbers: protection })
    const wanted = { ...EMPTY_NOTEBOOK, ...CHOICE, protection, verdict }
    expect(values({ ...DRAFT, notebook: wanted })).toEqual(['confidential', protection, verdict!.stamp])
    const folded = protection.replaceAll(', ', ',  ')
    expect(values({ ...DRAFT, notebook: { ...wanted, protection: folded } })?.[2]).toBe(verdict!.stamp)
    for (const other of [protection.replace('678"', '679"'), protection.replace('"bob', '"rob'), 'encrypt'])
      expect(values({ ...DRAFT, notebook: { ...wanted, protection: other } })).toEqual(['confidential', other, NONE])
    const one = 'pdf, "bob@partner.example";sms="+4915112345678"'
    expect(values({ ...DRAFT, notebook: { ...(await noted()), protection: one } })).toEqual(['confidential', one, NONE])
    expect(
      values({ ...DRAFT, to: ['bob@partner.example', 'late@partner.example'], notebook: wanted }),
      'one recipient more: each number stays with its own',
    ).toEqual(['confidential', protection, NONE])
  })

  it('takes the headers for the truth and the notes for a cache', async () => {
    const headers = { 'x-secflow-classification': 'internal', 'x-secflow-protection': 'sign' }
    expect(values({ ...DRAFT, headers, notebook: await noted() })).toEqual(['internal', 'sign', NONE])
    expect(values({ ...DRAFT, headers, notebook: null })).toEqual(['internal', 'sign', NONE])
    expect(values({ ...DRAFT, headers: { 'x-secflow-classification': 'none' }, notebook: await noted() })?.[0]).toBe(
      'confidential',
    )
  })

  it('leaves alone what it could not read, unless it knows what was chosen', async () => {
    expect(values({ ...DRAFT, headers: null })).toBeNull()
    expect(values({ ...DRAFT, headers: null, notebook: null })).toBeNull()
    expect(values({ ...DRAFT, headers: null, notebook: await noted() })?.[0]).toBe('confidential')
  })

  it('keeps the highest class of the thread; less wants a reason', () => {
    const labels = ['public', 'internal', 'confidential', 'secret']
    const reply = (classification: string | null, protection = '', known = labels) =>
      values({
        ...DRAFT,
        notebook: { ...EMPTY_NOTEBOOK, classification, protection, labels: known, inherited: 'confidential' },
      })?.[0]
    expect(reply(null)).toBe('confidential')
    expect(reply('internal')).toBe('confidential')
    expect(reply('secret')).toBe('secret')
    expect(reply('unheard-of')).toBe('unheard-of')
    expect(reply('internal', 'plain;reason=%"agreed"')).toBe('internal')
    expect(reply(null, '', [])).toBe('confidential')
    expect(highestClass([null, 'internal', 'PUBLIC'], labels)).toBe('internal')
  })

  it('fits into a header whatever was written as a reason', () => {
    const reason = 'x'.repeat(2000)
    const wish = (protection: string) => values({ ...DRAFT, notebook: { ...EMPTY_NOTEBOOK, protection } })?.[1]
    expect(wish(`plain;reason=%"${reason}", receipt`)).toBe('plain, receipt')
    expect(wish(`${'sign, '.repeat(400)}sign`)).toBe('encrypt')
  })

  it('is a header that every client takes, whatever is found on the draft', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'none', 'secret', 'a.b.c'))
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
    const people = maybe(fc.array(text, { maxLength: 3 }))
    const headerText = fc.oneof(
      fc.string({ unit: fc.constantFrom(...' aZ0;="%,.-'), maxLength: 1200, size: 'max' }),
      fc.string({ unit: 'binary' }),
    )
    const draft: fc.Arbitrary<SeenDraft> = fc.record({
      sender: maybe(text),
      to: people,
      cc: people,
      bcc: people,
      subject: maybe(text),
      files: maybe(fc.array(fc.record({ name: text, size: fc.nat() }), { maxLength: 2 })),
      headers: maybe(
        fc.record(
          { 'x-secflow-classification': headerText, 'x-secflow-protection': headerText, 'x-secflow-stamp': headerText },
          { requiredKeys: [] },
        ),
      ),
      notebook: maybe(
        fc.constantFrom(EMPTY_NOTEBOOK, { ...EMPTY_NOTEBOOK, classification: 'secret', inherited: 'public' }),
      ),
    })
    fc.assert(
      fc.property(draft, (seen) => {
        for (const [name, value] of Object.entries(stampDraft(seen).headers ?? {})) {
          expect(value).toMatch(/^[\x21-\x7e][\x20-\x7e]*$/)
          expect(name.length + value.length).toBeLessThanOrEqual(998)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('the notes of the pane', () => {
  it('are read as they were written', async () => {
    const notebook = await noted({ lines: ['a', 'ü'] })
    expect(readNotebook(writeNotebook(notebook)!)).toEqual(notebook)
    expect(readNotebook(writeNotebook(EMPTY_NOTEBOOK)!)).toEqual(EMPTY_NOTEBOOK)
  })

  it('are nothing where anything else stands', async () => {
    const whole = JSON.parse(writeNotebook(await noted())!)
    for (const change of [
      { v: 2 },
      { classification: 'two words' },
      { classification: 7 },
      { protection: 'sign\r\nBcc: x@y.example' },
      { labels: 'a' },
      { inherited: 'ä' },
      { verdict: { stamp: 'a\nb', bcc: [], lines: [] } },
      { verdict: 3 },
    ])
      expect(readNotebook(JSON.stringify({ ...whole, ...change }))).toBeNull()
    for (const text of ['', '{', 'null', '7', '[]', 'x'.repeat(60_000)]) expect(readNotebook(text)).toBeNull()
    expect(writeNotebook({ ...EMPTY_NOTEBOOK, labels: ['x'.repeat(60_000)] })).toBeNull()
    expect(claimsOf('a.b.c') ?? claimsOf('') ?? claimsOf('a..b') ?? claimsOf('a.bnVsbA.c')).toBeNull()
  })
})

describe('what the client does with the mail', () => {
  async function completion(
    outcome: 'send' | 'ask' | 'stop',
    more: { canPrompt?: boolean; language?: 'de' | 'en'; now?: number; lines?: string[] } = {},
  ) {
    const { verdict } = stampDraft({ ...DRAFT, notebook: await noted({ outcome, ...more }) })
    return sendCompletion(verdict, { canPrompt: true, language: 'en', now: NOW, ...more })
  }

  it('is to send it, unless a verdict says otherwise', async () => {
    expect(sendCompletion(null, { canPrompt: true, language: 'en', now: NOW })).toEqual({ allowEvent: true })
    expect(await completion('send')).toEqual({ allowEvent: true })
  })

  it('is to stop it where somebody would get nothing, with the reason and the way on', async () => {
    const stop = await completion('stop', { lines: ['x@rival.example: blocked by the policy of mergers'] })
    expect(stop).toMatchObject({ allowEvent: false, commandId: 'composePane', cancelLabel: 'Review protection' })
    expect(stop.errorMessage).toContain('x@rival.example: blocked')
    expect(stop).not.toHaveProperty('sendModeOverride')
    const old = await completion('stop', { canPrompt: false, language: 'de' })
    expect(Object.keys(old)).toEqual(['allowEvent', 'errorMessage'])
    expect(old.errorMessage).toContain('Menüband')
  })

  it('is to ask where the client can, and else to send', async () => {
    expect(await completion('ask')).toMatchObject({ allowEvent: false, sendModeOverride: 'promptUser' })
    expect(await completion('ask', { canPrompt: false })).toEqual({ allowEvent: true })
  })

  it('is to send it when the verdict is old, or from a clock that is wrong', async () => {
    expect(await completion('stop', { now: NOW + 3_600_000 })).toEqual({ allowEvent: true })
    expect(await completion('stop', { now: NOW - 600_000 })).toEqual({ allowEvent: true })
    expect(await completion('stop', { now: Number.NaN })).toEqual({ allowEvent: true })
  })

  it('says it in what Outlook shows', async () => {
    for (const language of ['de', 'en'] as const) {
      expect(alertWords[language].open.length).toBeLessThanOrEqual(20)
      for (const outcome of ['stop', 'ask'] as const) {
        const lines = Array.from({ length: 30 }, (_, at) => `r${at}@partner.example: ${'why '.repeat(at)}`)
        const { errorMessage } = await completion(outcome, { language, lines })
        expect(errorMessage!.length).toBeLessThanOrEqual(MESSAGE_MAX)
        const long = await completion(outcome, { language, lines: ['x'.repeat(900)] })
        expect(long.errorMessage).toHaveLength(MESSAGE_MAX)
      }
    }
    expect(['de-CH', 'de', 'DE-at', 'den', 'en-GB', '', undefined].map(alertLanguage)).toEqual([
      'de',
      'de',
      'de',
      'en',
      'en',
      'en',
      'en',
    ])
  })
})
