/** Every operator against a definition written down plainly. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { file, mail, policyOf, recipient, ruleSet } from '../../test/support/policy.ts'
import type { PolicyInput } from '../domain/index.ts'
import { explain } from './explain/explain.ts'
import { operators } from './registry/conditions.ts'
import { aLabel } from './text/domain.ts'

const tested = new Set<string>()
const LISTS = `  lists:
    names: {type: string, values: [Alpha, beta]}
    hosts: {type: domain, values: [x.example, "*.y.example", bücher.example]}
    kinds: {type: fileType, values: [stp, application/pdf]}
    teams: {type: group, values: [vip, consumers]}
  schedules:
    office: {timezone: Europe/Berlin, hours: ["Mon-Fri 08:00-18:00"], holidays: [2026-03-04]}
    night: {timezone: Europe/Berlin, hours: ["Fri 22:00-06:00"]}
`

/** The value the engine gives one test. */
function value(condition: unknown, input: PolicyInput): string {
  const test = Object.values(condition as Record<string, Record<string, unknown>>)[0]!
  for (const name of Object.keys(test)) tested.add(name)
  const policy = policyOf(ruleSet(`${LISTS}  rules: [{id: a, when: ${JSON.stringify(condition)}, then: [receipt]}]\n`))
  return explain(policy, input).recipients[0]!.fired[0]?.value ?? 'false'
}

const subject = (text: string) => mail({ message: { subject: text } })
const plain = (text: string) => text.normalize('NFKC').toLowerCase().normalize('NFKC')
const word = fc.constantFrom(
  'Alpha',
  'ALPHA',
  'beta',
  '#NIS2',
  '#nis25',
  'x#NIS2',
  '(#NIS2)',
  'ﬁn',
  'fin',
  'ＡＬＰＨＡ',
  'ß',
  'a_b',
  '#NIS2ä',
)
const line = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' '))

function differs(name: string, operand: (w: string) => unknown, definition: (text: string, w: string) => boolean) {
  it(`${name} on text`, () => {
    fc.assert(
      fc.property(line, word, (text, w) => {
        expect(value({ 'message.subject': { [name]: operand(w) } }, subject(text))).toBe(
          String(definition(plain(text), plain(w))),
        )
      }),
      { numRuns: 60 },
    )
  })
}

describe('text', () => {
  differs(
    'is',
    (w) => w,
    (text, w) => text === w,
  )
  differs(
    'not',
    (w) => w,
    (text, w) => text !== w,
  )
  differs(
    'in',
    (w) => [w, 'zz'],
    (text, w) => text === w,
  )
  differs(
    'notIn',
    (w) => [w, 'zz'],
    (text, w) => text !== w,
  )
  differs(
    'contains',
    (w) => w,
    (text, w) => text.split(w).length > 1,
  )
  differs(
    'startsWith',
    (w) => w,
    (text, w) => text.slice(0, w.length) === w,
  )
  differs(
    'endsWith',
    (w) => w,
    (text, w) => text.slice(-w.length) === w,
  )
  differs(
    'containsTag',
    (w) => w,
    (text, w) => {
      const quoted = w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      return new RegExp(`(?<![\\p{L}\\p{N}_])${quoted}(?![\\p{L}\\p{N}_])`, 'u').test(text)
    },
  )
  differs(
    'matches',
    () => 'al.ha|#nis2\\b',
    (text) => /al.ha|#nis2\b/i.test(text),
  )
  differs(
    'inList',
    () => 'names',
    (text) => text === 'alpha' || text === 'beta',
  )
  differs(
    'notInList',
    () => 'names',
    (text) => text !== 'alpha' && text !== 'beta',
  )
})

describe('domains', () => {
  const host = fc.constantFrom(
    'x.example',
    'a.x.example',
    'evilx.example',
    'y.example',
    'b.y.example',
    'bücher.example',
    'xn--bcher-kva.example',
    'BÜCHER.example',
  )
  const at = (domain: string) => mail({ recipients: [recipient({ domain })] })
  const labels = (domain: string) => aLabel(domain)!.split('.')
  const below = (domain: string, base: string) =>
    labels(domain).length > labels(base).length &&
    labels(domain).slice(-labels(base).length).join() === labels(base).join()
  const definitions: Record<string, [unknown, (d: string) => boolean]> = {
    is: ['x.example', (d) => aLabel(d) === 'x.example'],
    in: [['*.x.example', 'y.example'], (d) => below(d, 'x.example') || aLabel(d) === 'y.example'],
    under: ['x.example', (d) => aLabel(d) === 'x.example' || below(d, 'x.example')],
    inList: [
      'hosts',
      (d) => aLabel(d) === 'x.example' || below(d, 'y.example') || aLabel(d) === 'xn--bcher-kva.example',
    ],
  }
  for (const [name, [operand, definition]] of Object.entries(definitions)) {
    it(name, () => {
      fc.assert(
        fc.property(host, (d) => {
          expect(value({ 'recipient.domain': { [name]: operand } }, at(d))).toBe(String(definition(d)))
        }),
      )
    })
  }
  it('confusableWith finds look-alikes and spares the original', () => {
    const cases: [string, string][] = [
      ['paypal.example', 'false'],
      ['paypa1.example', 'true'],
      ['pаypal.example', 'true'],
      ['mail.paypal.example', 'false'],
      ['unlike.example', 'false'],
    ]
    for (const [domain, expected] of cases)
      expect(value({ 'recipient.domain': { confusableWith: 'paypal.example' } }, at(domain))).toBe(expected)
    expect(value({ 'recipient.domain': { confusableWith: 'modern.example' } }, at('rnodern.example'))).toBe('true')
  })
})

describe('numbers', () => {
  const K = 1024
  const definitions: Record<string, [unknown, (n: number) => boolean]> = {
    gt: ['2KB', (n) => n > 2 * K],
    gte: ['2KB', (n) => n >= 2 * K],
    lt: ['2KB', (n) => n < 2 * K],
    lte: ['2KB', (n) => n <= 2 * K],
    is: ['2KB', (n) => n === 2 * K],
    not: ['2KB', (n) => n !== 2 * K],
    in: [['2KB', '1KB'], (n) => n === 2 * K || n === K],
    between: [['1KB', '2KB'], (n) => n >= K && n <= 2 * K],
  }
  for (const [name, [operand, definition]] of Object.entries(definitions)) {
    it(`${name}, and what stays certain when more may be hidden`, () => {
      const sizes = fc.constantFrom(0, K - 1, K, K + 1, 2 * K - 1, 2 * K, 2 * K + 1, 9999)
      fc.assert(
        fc.property(sizes, (size) => {
          const test = { 'attachments.totalSize': { [name]: operand } }
          const attachments = [file('a.pdf', size)]
          expect(value(test, mail({ attachments }))).toBe(String(definition(size)))
          // With defects the true size is this or any larger one.
          const possible = new Set(
            [0, 1, K, K + 1, 5 * K, 1, 2 * K - size, 2 * K + 1 - size, K - size]
              .filter((n) => n >= 0)
              .map((n) => definition(size + n)),
          )
          const certain = possible.size === 1 ? String([...possible][0]) : 'unknown'
          const doubtful = value(test, mail({ attachments, message: { defects: ['d'] } }))
          if (certain === 'unknown' || doubtful !== 'unknown') expect(doubtful).toBe(certain)
        }),
      )
    })
  }
})

describe('the rest', () => {
  it('atLeast and atMost follow the order of the labels, unknown ones are the highest', () => {
    const order = ['public', 'internal', 'confidential', 'secret', 'strange']
    for (const [rank, classification] of order.entries()) {
      const input = mail({ message: { classification } })
      expect(value({ 'message.classification': { atLeast: 'confidential' } }, input)).toBe(String(rank >= 2))
      expect(value({ 'message.classification': { atMost: 'confidential' } }, input)).toBe(String(rank <= 2))
    }
  })
  it('contains on lists means the whole entry', () => {
    const groups = (list: string[]) => mail({ recipients: [recipient({ groups: list })] })
    expect(value({ 'recipient.groups': { contains: 'vip' } }, groups(['VIP']))).toBe('true')
    expect(value({ 'recipient.groups': { contains: 'vip' } }, groups(['vips']))).toBe('false')
    expect(value({ 'recipient.groups': { inList: 'teams' } }, groups(['x', 'Consumers']))).toBe('true')
    expect(value({ 'recipient.groups': { notInList: 'teams' } }, groups(['x']))).toBe('true')
  })
  it('exists tells absent from unknown', () => {
    const header = (list: string[]) => mail({ message: { header: { 'x-case': list } } })
    expect(value({ 'message.header.X-Case': { exists: true } }, header(['1']))).toBe('true')
    expect(value({ 'message.header.x-case': { exists: true } }, mail())).toBe('false')
    expect(value({ 'message.header.x-case': { exists: false } }, mail())).toBe('true')
    expect(value({ 'message.header.x-case': { not: 'a' } }, header(['a', 'b']))).toBe('false')
    expect(value({ 'recipient.country': { exists: true } }, mail({ recipients: [recipient({ country: null })] }))).toBe(
      'false',
    )
    expect(value({ 'recipient.country': { exists: true } }, mail())).toBe('unknown')
  })
  it('times: schedules with zone and holidays, ages by the time of receipt', () => {
    const at = (time: string) => mail({ time })
    const during = (time: string, name = 'office') => value({ 'message.time': { during: name } }, at(time))
    expect(during('2026-03-02T07:30:00+01:00')).toBe('false')
    expect(during('2026-03-02T07:30:00Z')).toBe('true')
    expect(during('2026-07-01T06:30:00Z')).toBe('true')
    expect(during('2026-03-02T18:00:00+01:00')).toBe('false')
    expect(during('2026-03-04T10:00:00+01:00')).toBe('false')
    expect(during('2026-03-07T10:00:00+01:00')).toBe('false')
    expect(during('2026-03-07T05:00:00+01:00', 'night')).toBe('true')
    expect(during('2026-03-08T05:00:00+01:00', 'night')).toBe('false')
    expect(during('yesterday')).toBe('unknown')
    const last = (lastContact: string | null) => mail({ recipients: [recipient({ lastContact })] })
    expect(value({ 'recipient.lastContact': { olderThan: '30d' } }, last('2026-01-01T00:00:00Z'))).toBe('true')
    expect(value({ 'recipient.lastContact': { olderThan: '90d' } }, last('2026-01-01T00:00:00Z'))).toBe('false')
    expect(value({ 'recipient.lastContact': { olderThan: '90d' } }, last(null))).toBe('true')
    expect(value({ 'recipient.lastContact': { within: '90d' } }, last('2026-01-01T00:00:00Z'))).toBe('true')
    expect(value({ 'recipient.lastContact': { before: '2026-01-02' } }, last('2026-01-01T00:00:00Z'))).toBe('true')
    expect(value({ 'recipient.lastContact': { after: '2026-01-02' } }, last('2026-01-01T00:00:00Z'))).toBe('false')
  })
  it('file types go by content, by name only where content is silent', () => {
    const has = (type: string | null, extension: string) =>
      value(
        { attachment: { any: { type: { inList: 'kinds' } } } },
        mail({ attachments: [file(`a.${extension}`, 1, { type })] }),
      )
    expect(has('step', 'txt')).toBe('true')
    expect(has('exe', 'pdf')).toBe('false')
    expect(has(null, 'p21')).toBe('true')
    expect(has('txt', 'stp')).toBe('true')
  })
  it('counts of finds and words of a list, in registry/fields/dlp.test.ts at length', () => {
    const input = mail({ message: { subject: 'DE89370400440532013000', bodyText: 'alpha beta' } })
    expect(value({ 'dlp.iban': { count: { gte: 1 } } }, input)).toBe('true')
    expect(value({ 'dlp.iban': { count: { gte: 2 } } }, input)).toBe('false')
    expect(value({ 'dlp.text': { words: { list: 'names', min: 2 } } }, input)).toBe('true')
    expect(value({ 'dlp.text': { words: { of: ['gamma'] } } }, input)).toBe('false')
  })
  it('all operators of the registry were tested here', () => {
    expect([...new Set(operators.map((one) => one.name))].filter((name) => !tested.has(name))).toEqual([])
  })
})
