/** What a sender is shown is what happens: the preview of a draft against the decision on the mail's bytes with its stamp. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { digest } from '../../addin/stamp/base64url.ts'
import type { Knowledge } from '../../server/journey/evaluate/given.ts'
import { assembleInput } from '../../server/journey/evaluate/input.ts'
import { parseMail } from '../../server/journey/parse/parse-mail.ts'
import { preview, type UnsentMail } from '../../server/journey/preview.ts'
import { plainTenant } from '../../server/journey/tenant.ts'
import { signStamp, stampKey } from '../../server/people/stamp.ts'
import { stampReader } from '../../server/people/stamp-reader.ts'
import { tenantSecrets } from '../../server/platform/secrets.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { type Protection, tenantId } from '../../shared/domain/index.ts'
import { decide } from '../../shared/policy/index.ts'
import { serializeWishes } from '../../shared/words/given-numbers.ts'
import { serializeProtection } from '../../shared/words/protection.ts'
import { fileEntity, mailOf, textEntity } from '../support/mails.ts'
import { policyOf, ruleSet, rules } from '../support/policy.ts'

const id = tenantId('one')
const SENDER = 'anna@tenant.example'
const NOW = Date.parse('2026-11-23T10:00:00Z')
const secrets = tenantSecrets(Buffer.alloc(32, 7))
const tenant = plainTenant(id, 'tenant.example')

const policy = policyOf(
  ruleSet(
    rules(
      '{id: secret, when: {message.classification: {atLeast: secret}}, then: [{protect: {anyOf: [smime, pgp], ifNone: reject}}]}',
      '{id: confidential, when: {all: [{message.classification: {atLeast: confidential}}, {recipient.external: true}]}, then: [{protect: {anyOf: [smime, pgp, pdf, portal]}}]}',
      '{id: partner, overridable: true, when: {recipient.domain: partner.example}, then: [{protect: {anyOf: [smime, pdf, portal]}}, {sign: {with: smime}}]}',
      '{id: rival, when: {recipient.domain: rival.example}, then: [{hold: {text: wait, approvers: [boss@tenant.example]}}]}',
      '{id: drawings, when: {attachment: {any: {extension: step}}}, then: [{fileLink: {select: {extension: step}, access: portal-2fa, expires: 14d}}]}',
      '{id: much, when: {attachments.totalSize: {gt: 2KB}}, then: [{fileLink: {select: {size: {gt: 10}}, access: link, expires: 7d}}]}',
      '{id: word, when: {message.subject: {contains: merger}}, then: [{reject: {text: no}}]}',
      '{id: blind, when: {recipient.bcc: true}, then: [{protect: {anyOf: [smime, portal]}}]}',
    ),
  ),
)

/** Whoever has a `c`, a `p` or a `t` in the name has a certificate, an OpenPGP key, a telephone. */
const has = (address: string, letter: string) => address.split('@')[0]!.includes(letter)
const knowledge = {
  stamps: stampReader(secrets),
  directory: {
    person: async (_: unknown, address: string) => (has(address, 't') ? { phone: '+4915112345678', groups: [] } : null),
  },
  keyring: {
    certificate: async (_: unknown, address: string) => ({ state: has(address, 'c') ? 'valid' : 'none' }),
    pgpKey: async (_: unknown, address: string) => ({ state: has(address, 'p') ? 'valid' : 'none' }),
  },
} as unknown as Knowledge

const address = fc
  .tuple(fc.constantFrom('c', 'p', 't', 'cp', 'cpt', 'x'), fc.constantFrom('partner', 'rival', 'tenant', 'private'))
  .map(([name, domain]) => `${name}@${domain}.example`)
const phone = fc.option(fc.constantFrom('+4915100000002', '+4366400000003'), { nil: undefined })
const wish: fc.Arbitrary<Protection> = fc.oneof(
  fc
    .constantFrom('sign', 'encrypt', 'smime', 'pgp', 'portal', 'receipt', 'none')
    .map((token) => ({ token }) as Protection),
  fc.constant<Protection>({ token: 'pdf', sms: '+4915100000001' }),
  fc.constant<Protection>({ token: 'plain', reason: 'vereinbart: ä, "so"' }),
  fc.constant<Protection>({ token: 'filelink', expires: 86_400, secondFactor: true }),
)
const draft: fc.Arbitrary<UnsentMail> = fc.record({
  sender: fc.constant(SENDER),
  recipients: fc.uniqueArray(fc.record({ address, visible: fc.boolean(), phone }), {
    minLength: 1,
    maxLength: 6,
    selector: (one) => one.address,
  }),
  subject: fc.constantFrom('Offer', 'The merger', '  two   words '),
  attachments: fc.uniqueArray(
    fc.record({ name: fc.constantFrom('a.txt', 'b.step', 'c.bin'), size: fc.integer({ min: 1, max: 1500 }) }),
    { maxLength: 3, selector: (one) => one.name },
  ),
  classification: fc.constantFrom(null, 'public', 'internal', 'confidential', 'secret', 'unheard-of'),
  protection: fc.uniqueArray(wish, { maxLength: 3, selector: (one) => one.token }),
  now: fc.constant(NOW),
})

/** As Outlook hands it in: the headers of the launch events, visible recipients in To. */
async function bytesOfDraft(mail: UnsentMail, way: 'stamp' | 'headers'): Promise<Buffer> {
  const visible = mail.recipients.filter((one) => one.visible).map((one) => one.address)
  const wishes = mail.protection as readonly Protection[]
  const protection = serializeWishes(wishes, mail.recipients, digest)
  const numbered = mail.recipients.some((one) => one.phone !== undefined)
  const choice = {
    classification: mail.classification,
    protection: serializeProtection(wishes),
    ...(numbered ? { withNumbers: protection } : {}),
  }
  const stamp = await signStamp(stampKey(secrets, id), { sender: SENDER, visible, subject: mail.subject }, choice, NOW)
  const entity = Buffer.concat([
    Buffer.from('Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n'),
    textEntity('plain', 'Text.'),
    ...mail.attachments.flatMap(({ name, size }) => [
      Buffer.from('--b\r\n'),
      fileEntity({ name, mediaType: 'application/octet-stream', data: Buffer.alloc(size, 'word ') }),
    ]),
    Buffer.from('--b--\r\n'),
  ])
  return mailOf(entity, {
    from: SENDER,
    to: visible.length > 0 ? visible.join(', ') : 'undisclosed-recipients:;',
    subject: mail.subject,
    headers: [
      `X-Secflow-Classification: ${mail.classification ?? 'none'}`,
      `X-Secflow-Protection: ${protection || 'none'}`,
      `X-Secflow-Stamp: ${way === 'stamp' ? stamp : 'none'}`,
    ],
  })
}

async function decided(mail: UnsentMail, way: 'stamp' | 'headers') {
  const facts = await parseMail(bytesOf(await bytesOfDraft(mail, way)))
  const { input, notes } = await assembleInput(
    {
      envelope: { mailFrom: SENDER, recipients: mail.recipients, body: '8BITMIME', smtputf8: false, requireTls: false },
      origin: { channel: 'smtp', authenticated: 'auth', peer: '', tls: null },
      receivedAt: NOW,
      facts,
    },
    tenant,
    policy,
    knowledge,
    'needed',
  )
  return {
    decision: decide(policy, input),
    intent: input.intent,
    refused: notes.filter(({ type }) => type.includes('stamp')),
  }
}

const shown = ({ recipients }: Awaited<ReturnType<typeof preview>>) =>
  recipients.map(({ address: to, outcome, method, steps }) => ({ to, outcome, method, steps }))

it('for random drafts, by stamp with blind recipients and by headers alone', async () => {
  const outcomes = new Set<string>()
  await fc.assert(
    fc.asyncProperty(draft, fc.constantFrom('stamp' as const, 'headers' as const), async (mail, way) => {
      // A wish that goes unsigned counts for blind recipients as well; a stamp does not name them.
      fc.pre(way === 'stamp' || mail.protection.length === 0 || mail.recipients.every((one) => one.visible))
      const before = await preview(mail, tenant, policy, knowledge)
      const { decision, intent, refused } = await decided(mail, way)
      expect(refused).toEqual([])
      expect(shown(decision)).toEqual(shown(before))
      if (way === 'stamp') expect(intent.source).toBe('stamp')
      for (const { outcome, method } of decision.recipients) outcomes.add(`${outcome} ${method}`)
    }),
    { numRuns: 300 },
  )
  expect([...outcomes].sort()).toEqual(
    expect.arrayContaining([
      'deliver null',
      'deliver pdf',
      'deliver pgp',
      'deliver portal',
      'deliver smime',
      'hold null',
      'reject null',
    ]),
  )
})

it('never less for a blind recipient than the stamp of the visible ones would give', async () => {
  const loose: UnsentMail = {
    sender: SENDER,
    recipients: [
      { address: 'x@partner.example', visible: true },
      { address: 't@partner.example', visible: false },
    ],
    subject: 'Offer',
    attachments: [],
    classification: 'public',
    protection: [{ token: 'plain', reason: 'agreed' }],
    now: NOW,
  }
  const { decision } = await decided(loose, 'stamp')
  expect(decision.recipients.map(({ method }) => method)).toEqual([null, expect.stringMatching(/portal|pdf|smime/)])
})
