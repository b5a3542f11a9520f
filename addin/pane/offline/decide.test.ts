import { generateKeyPairSync } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bundleSigner } from '../../../server/policies/bundle-sign.ts'
import type { Draft, OfflinePolicy } from '../../../shared/contract/index.ts'
import { buildBundle } from '../../../shared/policy/index.ts'
import { ruleSet, rules } from '../../../test/support/policy.ts'
import { decideOffline } from './decide.ts'

const pair = generateKeyPairSync('ed25519')
const signer = bundleSigner(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
const publicKey = String(pair.publicKey.export({ format: 'jwk' }).x)

const POLICY = [
  '{id: rival, when: {recipient.domain: rival.example}, then: [{reject: {text: no}}]}',
  '{id: confidential, when: {all: [{message.classification: confidential}, {recipient.external: true}]}, then: [{protect: {anyOf: [smime, portal], ifNone: reject}}]}',
]
const kept = (change: Partial<OfflinePolicy> = {}, lines = POLICY): OfflinePolicy => {
  const {
    text: bundle,
    manifest,
    diagnostics,
  } = buildBundle([ruleSet(rules(...lines))], {
    serial: 1,
    createdAt: '2026-11-23T09:00:00Z',
    signer,
  })
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return {
    bundle: bundle!,
    keys: [{ keyid: signer.keyid, publicKey }],
    tenant: 'demo',
    domains: ['demo.example'],
    revision: manifest!.revision,
    ...change,
  }
}
const draft = (change: Partial<Draft> = {}): Draft => ({
  sender: 'anna@demo.example',
  recipients: [
    { address: 'Bob@Partner.example', field: 'to' },
    { address: 'eva@demo.example', field: 'cc' },
    { address: 'x@rival.example', field: 'bcc' },
  ],
  subject: 'Offer',
  attachments: [],
  classification: null,
  protection: [],
  ...change,
})
const NOW = '2026-11-23T10:00:00.000Z'
const outcomes = async (policy: OfflinePolicy, mail: Draft) =>
  (await decideOffline(policy, mail, 'de', NOW))?.recipients.map(({ address, outcome, method }) =>
    [address, outcome, method].join(' '),
  ) ?? null

describe('the preview without a connection', () => {
  it('says what the policy says, and defers what only the service knows', async () => {
    expect(await outcomes(kept(), draft())).toEqual([
      'Bob@Partner.example deliver ',
      'eva@demo.example deliver ',
      'x@rival.example reject ',
    ])
    expect(await outcomes(kept(), draft({ classification: 'confidential' }))).toEqual([
      'Bob@Partner.example defer ',
      'eva@demo.example deliver ',
      'x@rival.example reject ',
    ])
  })

  it('knows the number that the sender gave for a recipient, and asks for the others', async () => {
    const pdf = '{id: pdf, then: [{protect: {anyOf: [pdf], password: {channel: sms}}}]}'
    const recipients = [
      { address: 'bob@partner.example', field: 'to' as const, phone: '+4915112345678' },
      { address: 'carol@partner.example', field: 'to' as const },
    ]
    const verdict = await decideOffline(kept({}, [pdf]), draft({ recipients }), 'en', NOW)
    expect(verdict?.recipients.map(({ method, missing }) => [method, missing.map(({ field }) => field)])).toEqual([
      ['pdf', []],
      [null, ['recipient.phoneKnown']],
    ])
    expect(verdict?.recipients[0]?.steps[0]).toMatchObject({ password: { phone: '+4915112345678' } })
  })

  it('has no stamp: only the service signs', async () => {
    expect((await decideOffline(kept(), draft(), 'en', NOW))?.stamp).toBe('')
  })

  it('takes international domains by their tables', async () => {
    const policy = kept(
      {},
      POLICY.map((line) => line.replace('rival.example', 'müller.example')),
    )
    const mail = draft({ recipients: ['info@MÜLLER.example'] })
    expect(await outcomes(policy, mail)).toEqual(['info@MÜLLER.example reject '])
  })

  it('is none where the policy is not signed by a key of the organisation', async () => {
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x!
    expect(await outcomes(kept({ keys: [{ keyid: signer.keyid, publicKey: String(other) }] }), draft())).toBeNull()
    expect(await outcomes(kept({ keys: [] }), draft())).toBeNull()
    expect(await outcomes(kept({ bundle: '{}' }), draft())).toBeNull()
  })

  it('is none where a single character of the policy was changed', async () => {
    const { bundle } = kept()
    const envelope = JSON.parse(bundle) as { payload: string }
    const payload = Buffer.from(envelope.payload, 'base64')
    await fc.assert(
      fc.asyncProperty(fc.nat(payload.length - 1), fc.integer({ min: 1, max: 127 }), async (at, by) => {
        const changed = Buffer.from(payload)
        changed[at] = changed[at]! ^ by
        const text = JSON.stringify({ ...envelope, payload: changed.toString('base64') })
        expect(await outcomes(kept({ bundle: text }), draft())).toBeNull()
      }),
      { numRuns: 60 },
    )
  })
})
