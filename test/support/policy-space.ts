/** Random conditions over few fields, and mails that meet every combination of what they ask: for tests of analysis. */
import fc from 'fast-check'
import type { PolicyInput } from '../../shared/domain/index.ts'
import { file, mail, recipient } from './policy.ts'

export const leaf = fc.constantFrom<unknown>(
  { 'message.direction': 'outbound' },
  { 'message.direction': { not: 'inbound' } },
  { 'message.subject': { containsTag: '#NIS2' } },
  { 'message.subject': { contains: 'nis' } },
  { 'message.subject': { contains: ['#nis2 now', 'x'] } },
  { 'message.subject': { matches: 'offer|angebot' } },
  { 'message.subject': 'Offer #NIS2' },
  { 'message.classification': { atLeast: 'confidential' } },
  { 'message.classification': { atMost: 'internal' } },
  { 'message.classification': ['public', 'secret'] },
  { 'attachments.totalSize': { gt: 1000 } },
  { 'attachments.totalSize': { gte: 500, lte: 1500 } },
  { 'attachments.totalSize': { lt: 400 } },
  { attachment: { any: { type: ['pdf', 'step'], size: { gte: 500 } } } },
  { attachment: { any: { type: 'pdf', size: { gte: 800 } } } },
  { attachment: { all: { macro: false } } },
  { attachment: { none: { encrypted: true } } },
  { attachment: { any: { size: { gt: 900, lt: 500 } } } },
  { 'recipient.keys.smime': 'valid' },
  { 'recipient.keys.smime': { not: 'valid' } },
  { 'recipient.keys.pgp': ['none', 'expired'] },
  { 'recipient.groups': 'consumers' },
  { 'recipient.groups': ['consumers', 'vip'] },
  { 'recipient.phoneKnown': true },
  { 'recipient.external': true },
  { 'recipient.domain': ['*.partner.example', 'x.example'] },
  { 'recipient.domain': { under: 'partner.example' } },
  { 'recipient.domain': { notIn: ['x.example', '*.cad.partner.example'] } },
  { 'sender.department': 'sales' },
  { 'sender.department': { exists: true } },
  { 'message.header.x-case': { exists: true } },
  { 'message.header.x-case': { not: '1' } },
  { 'message.header.x-case': ['1', '2'] },
  { 'recipient.lastContact': { olderThan: '30d' } },
  { 'recipient.lastContact': { before: '2026-01-01' } },
)

export const condition = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
    tie('node').map((not) => ({ not })),
  ),
})).node

const key = fc.constantFrom('valid', 'expired', 'none', undefined)
const person = fc
  .record({
    domain: fc.constantFrom(
      'x.example',
      'partner.example',
      'cad.partner.example',
      'a.cad.partner.example',
      'tenant.example',
    ),
    external: fc.boolean(),
    keys: fc.record({ smime: key, pgp: key }),
    groups: fc.constantFrom(undefined, [], ['consumers'], ['vip', 'consumers'], ['staff']),
    phoneKnown: fc.constantFrom(undefined, true, false),
    lastContact: fc.constantFrom(null, undefined, '2025-01-01T00:00:00Z', '2026-02-28T00:00:00Z', 'nonsense'),
    tls: fc.constantFrom(undefined, 'none', 'verified'),
  })
  .map((facts) => recipient({ ...facts, address: `b@${facts.domain}` } as never))

const attachment = fc
  .record({
    name: fc.constantFrom('a.pdf', 'b.stp', 'c.txt'),
    size: fc.constantFrom(0, 300, 500, 700, 800, 1200),
    encrypted: fc.constantFrom(undefined, true, false),
    macro: fc.constantFrom(undefined, true, false),
  })
  .map(({ name, size, ...facts }) => file(name, size, facts as never))

/** Any mail of the small space, also such as the gateway never makes. */
export const anyMail: fc.Arbitrary<PolicyInput> = fc
  .record({
    recipients: fc.tuple(person),
    attachments: fc.option(
      fc.array(attachment, { maxLength: 2 }).map((files) => files.map((one, index) => ({ ...one, index }))),
      { nil: undefined, freq: 8 },
    ),
    message: fc.record({
      subject: fc.constantFrom('Hello', 'Re: #NIS2', 'Ihr Angebot', '#NIS25', 'Offer #NIS2', 'x', '#nis2 now'),
      classification: fc.constantFrom('public', 'internal', 'confidential', 'secret', 'strange'),
      direction: fc.constantFrom('outbound', 'inbound', 'internal'),
      header: fc.constantFrom({}, { 'x-case': ['1'] }, { 'x-case': ['2', '3'] }, { 'x-case': [] }),
      defects: fc.constantFrom([], [], [], ['d']),
    }),
    sender: fc.record({ department: fc.constantFrom('sales', 'it', '', null, undefined) }),
  })
  .map((parts) => mail(parts as never))

/** Mails whose directions stand as the gateway sets them. */
export const soundMail: fc.Arbitrary<PolicyInput> = fc.tuple(anyMail, fc.boolean()).map(([one, ours]) => {
  const external = one.recipients[0]!.external
  const direction = !ours ? 'inbound' : external ? 'outbound' : 'internal'
  return {
    ...one,
    message: { ...one.message, direction },
    sender: { ...one.sender, ours },
    recipients: one.recipients.map((to) => ({ ...to, direction })),
  } as PolicyInput
})
