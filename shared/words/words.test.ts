import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../test/support/cpu-time.ts'
import type { Protection } from '../domain/index.ts'
import { Fault } from '../fault/index.ts'
import { canonicalAddress, coversAddress, domainOf, parseAddress, sameAddress } from './address.ts'
import { resolveClassification } from './classification.ts'
import { isSteeringHeader } from './headers.ts'
import { PROTECTION_TOKENS, parseProtection, serializeProtection } from './protection.ts'
import { readSubjectTags, type SubjectTag } from './subject-tags.ts'

describe('X-Secflow-Protection', () => {
  it.each<[string[], Protection[]]>([
    [['sign, encrypt'], [{ token: 'sign' }, { token: 'encrypt' }]],
    [['SMIME ;x=1,\r\n\tSign'], [{ token: 'smime' }, { token: 'sign' }]],
    [['pdf;sms="+49 151 12345678"'], [{ token: 'pdf', sms: '+4915112345678' }]],
    [['filelink;expires=14d;second-factor'], [{ token: 'filelink', expires: 1_209_600, secondFactor: true }]],
    [['filelink;Expires=3600;second-factor=?0'], [{ token: 'filelink', expires: 3_600 }]],
    [['plain;reason=%"Eile, Gesch%c3%a4ft"'], [{ token: 'plain', reason: 'Eile, Geschäft' }]],
    [
      ['filelink;expires=14d', 'filelink;expires=2d;second-factor'],
      [{ token: 'filelink', expires: 172_800, secondFactor: true }],
    ],
    [['plain', 'encrypt'], [{ token: 'encrypt' }]],
    [['none, sign'], [{ token: 'sign' }]],
    [['plain, sign'], [{ token: 'plain' }, { token: 'sign' }]],
    [['sign, =broken;x=", y", pdf'], [{ token: 'sign' }, { token: 'pdf' }]],
    [['sign;reason="never closed, pdf'], [{ token: 'pdf' }]],
    [['enkrypt'], []],
    [['', ' , ,'], []],
  ])('reads %j', (values, expected) => expect(parseProtection(values).protection).toEqual(expected))

  it('tells what it ignored or settled', () => {
    expect(parseProtection(['enkrypt']).notes).toEqual(['unknown token "enkrypt"'])
    expect(parseProtection(['pdf;sms="0151"']).notes[0]).toMatch(/sms/)
    expect(parseProtection(['plain', 'pdf']).notes).toEqual(['plain gives way to a wish for encryption'])
    expect(parseProtection(['sign, , encrypt;']).notes[0]).toMatch(/malformed/)
    expect(parseProtection(['sign, encrypt']).notes).toEqual([])
  })

  it('never throws, whatever stands there, and reads what it writes', () => {
    const wild = fc.string({
      unit: fc.constantFrom(...'abpdf;="%\\,? \t\r\nü*1-', 'pdf', 'sms=', '%"', 'plain;reason='),
      maxLength: 60,
    })
    fc.assert(
      fc.property(fc.array(wild, { maxLength: 4 }), (values) => {
        const { protection } = parseProtection(values)
        expect(parseProtection([serializeProtection(protection)]).protection).toEqual(protection)
      }),
      { numRuns: 2_000 },
    )
  })

  it('serialises and parses to the same wishes', () => {
    const phone = fc.integer({ min: 1_000_000, max: 2_000_000_000 }).map((digits) => `+${digits}`)
    const reason = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 }).map((text) => text.toWellFormed())
    const wish = fc
      .constantFrom(...PROTECTION_TOKENS.filter((token) => token !== 'plain' && token !== 'none'))
      .chain((token): fc.Arbitrary<Protection> => {
        const link = token === 'filelink' || token === 'portal'
        return fc.record(
          {
            token: fc.constant(token),
            reason,
            ...(token === 'pdf' ? { sms: phone } : {}),
            ...(link ? { expires: fc.integer({ min: 1, max: 10_000_000 }), secondFactor: fc.constant(true) } : {}),
          },
          { requiredKeys: ['token'] },
        )
      })
    fc.assert(
      fc.property(fc.uniqueArray(wish, { selector: ({ token }) => token }), (list) => {
        const wire = serializeProtection(list)
        expect(wire).toMatch(/^[\x20-\x7e]*$/)
        expect(parseProtection([wire])).toEqual({ protection: list, numbers: [], notes: [] })
      }),
    )
  })
})

describe('X-Secflow-Classification', () => {
  const labels = ['public', 'internal', 'confidential', 'secret'].map((id) => ({ id }))
  it.each<[string[], string, number]>([
    [[], 'internal', 0],
    [['none'], 'internal', 0],
    [[' Confidential '], 'confidential', 0],
    [['top-secret'], 'secret', 1],
    [['public', 'confidential'], 'confidential', 1],
    [['none', 'public'], 'internal', 1],
    [[''], 'secret', 1],
  ])('%j is %s', (said, label, notes) => {
    const resolved = resolveClassification(said, labels, 'internal')
    expect(resolved.label).toBe(label)
    expect(resolved.notes).toHaveLength(notes)
  })

  it('never throws and never goes below what was said', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...labels.map(({ id }) => id)))), (said) => {
        const rank = labels.findIndex(({ id }) => id === resolveClassification(said, labels, 'internal').label)
        for (const one of said)
          expect(rank).toBeGreaterThanOrEqual(labels.findIndex(({ id }) => id === one.trim().toLowerCase()))
      }),
    )
  })
})

describe('addresses', () => {
  it.each([
    [' Anna@Tenant.Example ', 'anna@tenant.example'],
    ['<a@x.example>', 'a@x.example'],
    ['a@BÜCHER.example', 'a@xn--bcher-kva.example'],
    ['"anna"@x.example', 'anna@x.example'],
    ['"john doe"@x.example', '"john doe"@x.example'],
    ['grün@x.example', 'grün@x.example'],
    ['a@[192.0.2.1]', 'a@[192.0.2.1]'],
    ['a@[IPv6:2001:db8::1]', 'a@[ipv6:2001:db8::1]'],
  ])('%j is %s', (text, canonical) => expect(canonicalAddress(text)).toBe(canonical))

  it.each([
    '',
    'anna',
    '@x.example',
    'a@',
    'a b@x.example',
    'a@x..example',
    'a@x.example.',
    '.a@x.example',
    'a.@x.example',
    'a@-',
    'a@x@y.example\n',
    `${'a'.repeat(65)}@x.example`,
    'a\r\n@x.example',
    'a@x.example\0',
    'a@[300.1.1.1]',
    'a,b@x.example',
    'a<b@x.example',
  ])('refuses %j', (text) => expect(() => canonicalAddress(text)).toThrow(Fault))

  it('is stable, and raises nothing but its fault', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.emailAddress()), (text) => {
        let canonical: string
        try {
          canonical = canonicalAddress(text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'address-invalid' })
          return
        }
        expect(canonicalAddress(canonical)).toBe(canonical)
        expect(sameAddress(text, canonical)).toBe(true)
        expect(domainOf(text.trim().replace(/^<|>$/g, ''))).toBe(parseAddress(canonical).domain)
      }),
    )
  })
})

describe('what an identity may use', () => {
  const allowed = ['Ann@acme.example', '@Bücher.example']
  it.each([
    ['ann@ACME.example', true],
    ['ben@acme.example', false],
    ['anyone@xn--bcher-kva.example', true],
    ['"a@b"@bücher.example', true],
    ['anyone@sub.bücher.example', false],
    ['ceo@other.exampleann@bücher.example', false],
    ['', false],
    ['bücher.example', false],
  ])('%j: %s', (address, covered) => expect(coversAddress(allowed, address)).toBe(covered))
  it('an empty domain covers nothing', () => expect(coversAddress(['@'], 'nobody')).toBe(false))
})

describe('subject tags', () => {
  const tags: SubjectTag[] = [
    { tag: 'CRYPT', place: 'start', caseSensitive: true, protection: 'encrypt' },
    {
      tag: '[confidential]',
      place: 'anywhere',
      caseSensitive: false,
      classification: 'confidential',
      protection: 'encrypt',
    },
  ]
  it.each<[string, string, string[], string[]]>([
    ['Offer', 'Offer', [], []],
    ['[Encrypt] Offer', 'Offer', ['encrypt'], []],
    ['[sign] [pdf] Offer', 'Offer', ['sign', 'pdf'], []],
    ['Offer [encrypt]', 'Offer', ['encrypt'], []],
    ['Offer [encrypt] now', 'Offer [encrypt] now', [], []],
    ['CRYPT Offer', 'Offer', ['encrypt'], []],
    ['CRYPTO news', 'CRYPTO news', [], []],
    ['crypt offer', 'crypt offer', [], []],
    ['Re: [CONFIDENTIAL] İstanbul [sign]', 'Re: İstanbul', ['sign', 'encrypt'], ['confidential']],
  ])('%j', (subject, rest, protection, classification) => {
    const read = readSubjectTags(subject, tags)
    expect(read.subject).toBe(rest)
    expect(read.protection.map(({ token }) => token)).toEqual(protection)
    expect(read.classification).toEqual(classification)
  })

  it('ends, and leaves a subject without tags as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('[encrypt]', ' ', 'a', 'CRYPT', '[confidential]', '['), maxLength: 12 }),
        (subject) => {
          const read = readSubjectTags(subject, tags)
          expect(readSubjectTags(read.subject, tags).tags).toEqual([])
          if (read.tags.length === 0) expect(read.subject).toBe(subject)
        },
      ),
    )
  })
})

describe('steering headers', () => {
  it.each([
    'X-Secflow-Protection',
    'x-secflow-verdict',
    'x-smenc',
    'X-SM-incoming',
    'X-CipherMail-Info-Signer-ID-0',
    'msip_labels',
    'X-NoSpamProxy-RequireAttachmentPassword',
    'Sensitivity',
  ])('%s is removed', (name) => expect(isSteeringHeader(name)).toBe(true))
  it.each(['Subject', 'X-Mailer', 'DKIM-Signature', 'X-Secflower'])('%s stays', (name) =>
    expect(isSteeringHeader(name)).toBe(false),
  )
  it('knows what a tenant adds', () => expect(isSteeringHeader('X-Titus-Label', ['x-titus-*'])).toBe(true))
})

describe('hostile intent', () => {
  it('costs time in proportion', () => {
    const start = cpuMs()
    parseProtection(['=",'.repeat(300_000)])
    readSubjectTags('[encrypt]'.repeat(100_000))
    readSubjectTags('[sign '.repeat(100_000))
    expect(cpuMs() - start).toBeLessThan(2_000)
  })
})
