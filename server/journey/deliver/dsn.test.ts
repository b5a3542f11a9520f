import fc from 'fast-check'
import { type Attachment, simpleParser } from 'mailparser'
import { describe, expect, it } from 'vitest'
import type { MessageRecord } from '../../../shared/domain/index.ts'
import { buildDsn, type DsnReport, quotedPrintable, statusOf } from './dsn.ts'
import { rejectionReport } from './rejection.ts'

const report: DsnReport = {
  id: 'r1',
  at: 0,
  reportingMta: 'gw.acme.example',
  from: 'postmaster@acme.example',
  to: 'ann@acme.example',
  originalMessageId: 'm1@acme.example',
  arrivedAt: 0,
  smtputf8: false,
  languages: ['en'],
  recipients: [{ address: 'a@p.example', action: 'failed', reply: '550 5.1.1 Unknown', lastAttempt: 0 }],
  original: { header: 'Subject: x\r\n', body: null },
}

describe('status codes', () => {
  it.each([
    ['550 5.1.1 Unknown', 'failed', '5.1.1'],
    ['550 no such user', 'failed', '5.0.0'],
    ['450 4.2.1 Busy', 'failed', '5.0.0'],
    ['450 4.2.1 Busy', 'delayed', '4.2.1'],
    ['250 2.1.5 Ok', 'relayed', '2.1.5'],
    ['550 5.1.1.1 odd', 'failed', '5.0.0'],
  ] as const)('%s, %s: %s', (reply, action, expected) => {
    expect(statusOf(reply, action)).toBe(expected)
  })
})

describe('what a next hop or a client says', () => {
  it('cannot add a field, a part or a long line', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ' ', '\r', '\n', '\0', ':', '-', 'ä', '\u2028', 'x'.repeat(50)),
      maxLength: 60,
    })
    fc.assert(
      fc.property(text, text, text, text, (reply, remote, envid, helo) => {
        const mail = buildDsn({
          ...report,
          envid,
          receivedFrom: helo,
          recipients: [{ ...report.recipients[0]!, reply: `550 5.1.1 ${reply}`, remote, orcpt: `rfc822;${reply}` }],
        }).toString('latin1')
        expect(mail).not.toMatch(/\r(?!\n)|(?<!\r)\n/)
        expect(mail.match(/\r\n--=_dsn_r1/g)).toHaveLength(4)
        const account = mail
          .split('\r\n\r\n')
          .filter((block) => /^(Original-Envelope-Id|Reporting-MTA|Original-Recipient|Final-Recipient)/.test(block))
        expect(account).toHaveLength(2)
        for (const line of account.join('\r\n').split('\r\n')) expect(line).toMatch(/^[A-Z][A-Za-z-]+: [ -~]*$/)
        for (const line of mail.split('\r\n')) expect(line.length).toBeLessThan(998)
      }),
      { numRuns: 300 },
    )
  })
})

describe('internationalised mail (RFC 6533)', () => {
  it('uses the global types and utf-8 addresses', () => {
    const mail = buildDsn({
      ...report,
      to: 'änne@acme.example',
      smtputf8: true,
      recipients: [{ ...report.recipients[0]!, address: 'jörg@p.example' }],
    }).toString()
    expect(mail).toContain('Content-Type: message/global-delivery-status')
    expect(mail).toContain('Final-Recipient: utf-8; jörg@p.example')
    expect(mail).toContain('Content-Type: message/global-headers')
  })
})

it('stays ASCII for a sender whose server may not take anything else', () => {
  const mail = buildDsn({
    ...report,
    smtputf8: true,
    recipients: [{ ...report.recipients[0]!, address: 'jö+rg@p.example', orcpt: 'utf-8;\u{1F600}=x@p.example' }],
    original: { header: 'Subject: Grüße\r\n', body: null },
  }).toString('latin1')
  expect(mail).toMatch(/^[\r\n\t -~]*$/)
  expect(mail).toContain('Content-Type: message/delivery-status')
  expect(mail).toContain('Final-Recipient: utf-8; j\\x{F6}\\x{2B}rg@p.example')
  expect(mail).toContain('Original-Recipient: utf-8; \\x{1F600}\\x{3D}x@p.example')
  expect(mail).toContain('Content-Type: message/global-headers\r\nContent-Transfer-Encoding: base64')
})

describe('a report that is read again', () => {
  /** The blocks of fields of a delivery-status part, unfolded, names in lower case. */
  const blocksOf = (part: Attachment) =>
    part.content
      .toString()
      .trim()
      .split(/\r?\n\r?\n/)
      .map((block) =>
        Object.fromEntries(
          block
            .replace(/\r?\n[ \t]+/g, ' ')
            .split(/\r?\n/)
            .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
        ),
      )
  const plain = (text = '') =>
    text
      .slice(text.indexOf(';') + 1)
      .trim()
      .replace(/\\x\{([0-9A-F]+)\}/g, (_all, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
  const local = fc.string({
    unit: fc.constantFrom('a', 'b', '.', '+', '=', '-', 'ü', '\u{1F600}'),
    minLength: 1,
    maxLength: 12,
  })
  const recipient = fc.record({
    address: local.map((name) => `${name}@p.example`),
    orcpt: fc.option(
      local.map((name) => `utf-8;${name}@list.example`),
      { nil: null },
    ),
    action: fc.constantFrom('failed' as const, 'delayed' as const, 'relayed' as const),
    reply: fc.constantFrom('550 5.1.1 Unknown', '451 4.4.1 Not there', '250 2.0.0 Ok', '550 no'),
    remote: fc.option(fc.constant('mx.p.example'), { nil: null }),
    lastAttempt: fc.integer({ min: 0, max: 4e12 }).map((time) => Math.floor(time / 1000) * 1000),
  })

  it('says the same, to whomever it goes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(recipient, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('ann@acme.example', 'änne@acme.example'),
        fc.boolean(),
        async (recipients, to, international) => {
          const smtputf8 = international || to.startsWith('ä')
          const mail = buildDsn({
            ...report,
            to,
            smtputf8,
            envid: 'QQ314159',
            recipients: recipients.map(({ orcpt, remote, ...rest }) => ({
              ...rest,
              ...(orcpt ? { orcpt } : {}),
              ...(remote ? { remote } : {}),
              ...(rest.action === 'delayed' ? { retryUntil: rest.lastAttempt + 1000 } : {}),
            })),
          })
          const parsed = await simpleParser(mail, { keepDeliveryStatus: true } as object)
          const part = parsed.attachments.find(({ contentType }) => contentType.endsWith('delivery-status'))
          const [message, ...blocks] = blocksOf(part!)
          expect(message).toMatchObject({ 'original-envelope-id': 'QQ314159', 'reporting-mta': 'dns; gw.acme.example' })
          expect(blocks).toHaveLength(recipients.length)
          for (const [at, { address, orcpt, action, reply, remote, lastAttempt }] of recipients.entries()) {
            const block = blocks[at]!
            expect(plain(block['final-recipient'])).toBe(address)
            expect(plain(block['original-recipient'])).toBe(orcpt ? orcpt.slice(6) : '')
            expect(block.action).toBe(action)
            expect(block.status).toBe(statusOf(reply, action))
            expect(block['remote-mta']).toBe(remote ? `dns; ${remote}` : undefined)
            expect(plain(block['diagnostic-code'])).toBe(reply)
            expect(Date.parse(block['last-attempt-date']!)).toBe(lastAttempt)
            expect('will-retry-until' in block).toBe(action === 'delayed')
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

it('writes quoted-printable that reads back', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'ß', '=', ' ', '\n', '.', 'word '), maxLength: 200 }),
      (text) => {
        const encoded = quotedPrintable(text)
        for (const line of encoded.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76)
        expect(encoded).not.toMatch(/ (\r\n|$)/)
        const bytes = encoded
          .replace(/=\r\n/g, '')
          .replace(/\r\n/g, '\n')
          .replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        expect(Buffer.from(bytes, 'latin1').toString()).toBe(text)
      },
    ),
  )
})

describe('a rejection', () => {
  const record = {
    envelope: {
      mailFrom: 'ann@acme.example',
      recipients: [{ address: 'a@p.example' }, { address: 'b@p.example', notify: ['NEVER'] }],
      body: '7BIT',
      smtputf8: false,
      requireTls: false,
    },
    rfcMessageId: 'm1@acme.example',
    acceptedAt: 0,
  } as unknown as MessageRecord
  const tenant = { domains: ['acme.example'], language: 'de' as const }
  const reasons = [{ rule: 'r', layer: 'tenant' as const, text: { de: 'Nicht nach draußen.', en: 'Not outside.' } }]
  const fields = [
    { name: 'subject', raw: Buffer.from('Subject: x') },
    { name: 'x-secflow-protection', raw: Buffer.from('X-Secflow-Protection: plain') },
  ]

  it('tells the sender, in the words of the policy, without private headers', async () => {
    const { to, mailFrom, message } = rejectionReport(
      tenant,
      record,
      [{ address: 'a@p.example', reasons }],
      fields,
      0,
      'r1',
    )
    expect([to, mailFrom]).toEqual([['ann@acme.example'], ''])
    const body = Buffer.concat(await Array.fromAsync(message.body()))
      .toString()
      .replaceAll('=\r\n', '')
    expect(body).toContain('Action: failed\r\nStatus: 5.7.1\r\n')
    expect(body).toContain('Richtlinie der Organisation abgelehnt: Nicht nach drau=C3=9Fen.')
    expect(body).toContain('Refused by the policy of the organisation: Not outside.')
    expect(body).toContain(
      'Diagnostic-Code: x-gateway; 550 5.7.1 Refused by the policy of the organisation: Not outside.',
    )
    expect(body).toContain('Subject: x\r\n')
    expect(body).not.toMatch(/x-secflow/i)
    expect(message.header.map(({ name }) => name)).toContain('auto-submitted')
  })

  it('goes to nobody when nobody wants it', () => {
    expect(rejectionReport(tenant, record, [{ address: 'b@p.example', reasons }], fields, 0, 'r1').to).toEqual([])
  })
})
