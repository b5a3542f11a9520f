/** What the sender hears of his mail, and in which form. */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { EnvelopeRecipient } from '../../../shared/domain/index.ts'
import { answerTo, deliveries } from '../../../test/support/delivery.ts'

const setup = deliveries()

describe('the sender', () => {
  it('tells the sender once of a delay, gives up at the end of the schedule, and then reports 4.4.7', async () => {
    const run = await setup(
      { answer: answerTo({ a: '450 4.2.1 Busy' }) },
      { recipients: [{ address: 'a@p.example', orcpt: 'rfc822;list@acme.example' }] },
    )
    for (let round = 0; round < 80; round++) {
      await run.round()
      run.advance(1_000)
    }
    expect(await run.states()).toEqual({ a: 'failed' })
    const [delay, failure, ...rest] = run.reports()
    expect(rest).toEqual([])
    expect(delay!.data).toContain('Action: delayed\r\nStatus: 4.2.1\r\n')
    expect(failure!.data).toContain('Original-Recipient: rfc822; list@acme.example\r\n')
    expect(failure!.data).toContain('Action: failed\r\nStatus: 4.4.7\r\n')
    // Attempts at 0, 1, 6, 16, 26, 36, 46, 56 and, the last, 60 s.
    expect(run.server.lines.filter((line) => line.startsWith('RCPT TO:<a@')).length).toBe(9)
  })

  it('honours NOTIFY: never, and success where the next hop does not take over', async () => {
    const recipients: EnvelopeRecipient[] = [
      { address: 'a@p.example', notify: ['SUCCESS'] },
      { address: 'b@p.example', notify: ['NEVER'] },
      { address: 'c@p.example', notify: ['SUCCESS'] },
    ]
    const answer = answerTo({ b: '550 5.1.1 Unknown', c: '550 5.1.1 Unknown' })
    const plain = await setup({ extensions: [], answer }, { recipients })
    await plain.round()
    await plain.round()
    expect(
      plain
        .reports()
        .map(({ data }) =>
          [...data.matchAll(/Final-Recipient: rfc822; (\S+)\r\nAction: (\S+)/g)].map((m) => `${m[1]} ${m[2]}`),
        ),
    ).toEqual([['a@p.example relayed']])
    const capable = await setup({ extensions: ['DSN'], answer }, { recipients })
    await capable.round()
    expect(await capable.round()).toBe(0)
    expect(capable.server.lines).toContain('RCPT TO:<a@p.example> NOTIFY=SUCCESS')
  })

  it('never reports about a bounce, nor about its own reports', async () => {
    const bounce = await setup(
      { answer: answerTo({ a: '550 5.1.1 Unknown' }) },
      { recipients: [{ address: 'a@p.example' }], envelope: { mailFrom: '' }, copy: { mailFrom: '' } },
    )
    await bounce.round()
    expect(await bounce.states()).toEqual({ a: 'failed' })
    expect(bounce.store.jobs().length).toBe(1)
    const loop = await setup({ answer: (line) => (line.startsWith('RCPT') ? '550 5.1.1 Unknown' : undefined) })
    await loop.round()
    await loop.round()
    expect(loop.store.jobs().map((job) => job.state)).toEqual(['done', 'done'])
    expect((await loop.audit()).slice(-2)).toEqual(['copy.failed ann@acme.example', 'report.suppressed'])
  })
})

describe('the report', () => {
  it('is a multipart/report that a foreign parser understands, without private headers and body', async () => {
    const run = await setup(
      { answer: answerTo({ c: '550-5.1.1 Unkn\u00f6wn\r\n550 5.1.1 user' }) },
      { envelope: { envid: 'E1' } },
    )
    await run.round()
    run.server.script.answer = () => undefined
    await run.round()
    const { data } = run.reports()[0]!
    expect(data).not.toMatch(/x-secflow|\+4915112345678|hidden@|original body/i)
    const parsed = JSON.parse(
      execFileSync('python3', ['-c', PARSE], { input: Buffer.from(data, 'latin1') }).toString(),
    ) as Record<string, unknown>
    expect(parsed).toMatchObject({
      type: 'multipart/report',
      report: 'delivery-status',
      parts: ['text/plain', 'message/delivery-status', 'text/rfc822-headers'],
      defects: 0,
      from: 'Mail Delivery System <postmaster@acme.example>',
      to: 'ann@acme.example',
      reference: '<m1@acme.example>',
      auto: 'auto-replied',
      blocks: [
        {
          'Original-Envelope-Id': 'E1',
          'Reporting-MTA': 'dns; gw.acme.example',
          'Received-From-MTA': 'dns; laptop',
          'Arrival-Date': 'Mon, 23 Nov 2026 00:00:00 +0000',
        },
        {
          'Final-Recipient': 'rfc822; c@p.example',
          Action: 'failed',
          Status: '5.1.1',
          'Remote-MTA': 'dns; hop.test',
          'Last-Attempt-Date': 'Mon, 23 Nov 2026 00:00:00 +0000',
        },
      ],
    })
    expect(String(parsed.text)).toContain('konnte diesen Empfängern nicht zugestellt werden')
    expect(String(parsed.text)).toContain('could not be delivered to these recipients')
    expect(String(parsed.headers)).toBe(
      'Received: from x by y; now\r\nSubject: Offer\r\nMessage-ID: <m1@acme.example>\r\n',
    )
  })

  it('returns the whole message for RET=FULL, private headers apart, up to the cap', async () => {
    const run = await setup({ answer: answerTo({ a: '550 5.1.1 Unknown' }) }, { envelope: { ret: 'FULL' } })
    await run.round()
    run.server.script.answer = () => undefined
    await run.round()
    expect(run.reports()[0]!.data).toContain('Content-Type: message/rfc822')
    expect(run.reports()[0]!.data).toContain(
      'Subject: Offer\r\nMessage-ID: <m1@acme.example>\r\n\r\nThe original body\r\n',
    )
    expect(run.reports()[0]!.data).not.toMatch(/x-secflow/i)
  })
})

/** Python's e-mail package as the second opinion: strict, and by other people. */
const PARSE = `
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = list(m.iter_parts())
print(json.dumps({
  'type': m.get_content_type(), 'report': m.get_param('report-type'), 'parts': [p.get_content_type() for p in parts],
  'defects': sum(len(p.defects) for p in m.walk()) + len(m.defects),
  'from': str(m['From']), 'to': str(m['To']), 'reference': str(m['References']), 'auto': str(m['Auto-Submitted']),
  'text': parts[0].get_content(), 'headers': parts[2].get_content(),
  'blocks': [dict((k, str(v)) for k, v in b.items() if k != 'Diagnostic-Code') for b in parts[1].get_payload()],
}))
`
