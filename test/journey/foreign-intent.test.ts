/** Clients that still speak to another gateway: their headers and tags count, and leave with no copy. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { eventually, lastMailTo } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'
const GUID = '11111111-2222-3333-4444-555555555555'
const MAPPING = `apiVersion: secflow/v1
kind: ForeignIntent
spec:
  products:
    - {product: old-gateway, headers: [{header: X-Old-Crypt, values: ["on"], protection: encrypt}], tags: [{tag: "!!crypt", protection: encrypt}]}
`

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-foreign-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  const held =
    '{id: secret-held, when: {message.classification: secret}, then: [{hold: {approvers: [security@demo.example]}}]}'
  const barred = '{id: barred, when: {recipient.address: barred@partner.example}, then: [{reject: {text: not there}}]}'
  tenant = await ownTenant({ outside: sink.url, rules: [ruleSet(rules(held, barred)).text] })
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: tenant.settings({
      foreignIntent: {
        products: ['seppmail', 'nospamproxy', 'microsoft', 'ssh-secure-mail', 'privasphere'],
        labels: { [GUID]: 'secret' },
        mapping: MAPPING,
      },
    }),
  })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function sent(subject: string, headers: readonly string[] = [], authenticated = true) {
  const to = 'nothing@partner.example'
  const mail = plainMail({ from: AUTHOR, to, subject, headers: [...headers] })
  const { id } = authenticated
    ? await submit(gateway.smtpPort, { from: AUTHOR, to: [to], mail, password: gateway.password(AUTHOR) })
    : await submit(gateway.smtpPort, { from: 'x@stranger.example', to: [COLLEAGUE], mail })
  const [recipient] = await gateway.settled(id)
  await using records = await gateway.records()
  const message = await records.read.message(id as MessageId)
  const audit = await records.read.audit({ message: id as MessageId, limit: 100 })
  return {
    state: recipient?.state,
    method: message?.decision?.recipients[0]?.method,
    notes: audit.filter(({ type }) => type.startsWith('intent.')).map(({ type, detail }) => ({ type, ...detail })),
  }
}

describe('intent of other clients', () => {
  it.each([
    ['SEPPmail header', 'Plans', ['X-SMENC: yes']],
    ['SEPPmail tag', 'Plans [confidential]', []],
    ['Outlook sensitivity', 'Plans', ['Sensitivity: Company-Confidential']],
    ['own header', 'Plans', ['X-Old-Crypt: on']],
    ['own tag', 'Plans !!crypt', []],
  ])('%s encrypts', async (_, subject, headers) => {
    expect(await sent(subject, headers)).toMatchObject({ state: 'delivered', method: 'portal' })
    const text = readFileSync(await lastMailTo(sink, 'nothing@partner.example'), 'latin1')
    expect(text).not.toMatch(/x-sm|sensitivity|x-old-crypt|\[confidential\]|!!crypt/i)
  })
  it('warns of a password in the subject and lets it reach nobody', async () => {
    const { notes } = await sent('Plans [PW:verysecret1]')
    expect(notes).toContainEqual(expect.objectContaining({ type: 'intent.foreign' }))
    expect(JSON.stringify(notes)).not.toContain('verysecret1')
    expect(readFileSync(await lastMailTo(sink, 'nothing@partner.example'), 'latin1')).not.toContain('verysecret1')
  })
  it('takes labels of Microsoft for classes', async () => {
    expect((await sent('Plans', [`msip_labels: MSIP_Label_${GUID}_Enabled=True;`])).state).toBe('held')
  })
  it('counts from nobody who is not authenticated', async () => {
    const { state, notes } = await sent(
      'Plans !!crypt',
      ['X-Old-Crypt: on', `msip_labels: MSIP_Label_${GUID}_Enabled=True`],
      false,
    )
    expect(state).toBe('delivered')
    expect(notes).toContainEqual(
      expect.objectContaining({ type: 'intent.ignored', what: expect.arrayContaining(['x-old-crypt', '!!crypt']) }),
    )
    const text = readFileSync(await lastMailTo(sink, COLLEAGUE), 'latin1')
    expect(text).not.toMatch(/x-old-crypt|msip_labels|!!crypt/i)
  })
})

describe('addresses of other clients', () => {
  const REAL = 'real.person@partner.example'
  const OTHER = 'beside@partner.example'

  async function addressed(to: readonly string[], field: string, from = AUTHOR) {
    const mail = plainMail({ from, to: field, subject: 'Plans' })
    const password = from === AUTHOR ? { password: gateway.password(AUTHOR) } : {}
    const { id, replies } = await submit(gateway.smtpPort, { from, to, mail, ...password })
    if (id === '') return { replies, recipients: [], decided: [], audit: [], envelope: undefined }
    const recipients = await gateway.settled(id)
    await using records = await gateway.records()
    const message = await records.read.message(id as MessageId)
    const audit = await records.read.audit({ message: id as MessageId, limit: 100 })
    const decided = message?.decision?.recipients.map(({ address, method }) => [address, method]) ?? []
    return { replies, recipients, decided, audit, envelope: message?.envelope }
  }

  it('reach the real person, protected; beside him nobody is, and no trigger is left', async () => {
    const { recipients, decided, audit, envelope } = await addressed(
      [`${REAL}.s`, OTHER],
      `"${REAL}.s" <${REAL}.s>, Beside <${OTHER}>`,
    )
    expect(recipients.map(({ address, state }) => [address, state]).toSorted()).toEqual([
      [OTHER, 'delivered'],
      [REAL, 'delivered'],
    ])
    expect(Object.fromEntries(decided)).toEqual({ [REAL]: 'portal', [OTHER]: null })
    for (const address of [REAL, OTHER]) {
      const text = readFileSync(await lastMailTo(sink, address), 'latin1')
      expect(text).toContain(`<${REAL}>`)
      expect(text).not.toContain('partner.example.s')
    }
    // Reports of delivery name what the sender typed.
    expect(envelope?.recipients[0]).toMatchObject({ address: REAL, orcpt: `rfc822;${REAL}.s` })
    expect(audit.find(({ type }) => type === 'intent.recipients')?.detail).toMatchObject({
      recipients: [{ typed: `${REAL}.s`, recipient: REAL, forms: ['{address}.s'] }],
    })
  })
  it('are judged as the person they name, and reports say what the sender typed', async () => {
    const typed = 'barred@partner.example.s'
    const { recipients } = await addressed([typed], typed)
    expect(recipients).toMatchObject([{ address: 'barred@partner.example', state: 'rejected' }])
    const report = await mailWith(AUTHOR, `Original-Recipient: rfc822; ${typed}\r\n`)
    expect(report).toContain('Final-Recipient: rfc822; barred@partner.example\r\n')
  })
  it('named with and without a form are one person and one mail', async () => {
    const { decided } = await addressed([REAL, `psph_no_muc_${REAL}`], `${REAL}, psph_no_muc_${REAL}`)
    expect(decided).toEqual([[REAL, 'portal']])
  })
  it('of a product that the tenant does not name are addresses like others', async () => {
    const { envelope } = await addressed([`${REAL}.incamail.ch`], `${REAL}.incamail.ch`)
    expect(envelope?.recipients).toEqual([{ address: `${REAL}.incamail.ch` }])
  })
  it('mean nothing in the mail of a stranger, which is not changed', async () => {
    const stranger = 'x@stranger.example'
    expect((await addressed([`${COLLEAGUE}.s`], `${COLLEAGUE}.s`, stranger)).replies.at(-1)).toMatch(/^5/)
    const field = `<${COLLEAGUE}>, <friend@elsewhere.example.s>`
    const { decided } = await addressed([COLLEAGUE], field, stranger)
    expect(decided.map(([address]) => address)).toEqual([COLLEAGUE])
    await mailWith(COLLEAGUE, `To: ${field}\r\n`)
  })
  /** The newest mail that has these words; the one before it may be the newest for a moment. */
  const mailWith = (address: string, words: string) =>
    eventually(`a mail to ${address} with ${words}`, async () => {
      const text = readFileSync(await lastMailTo(sink, address), 'latin1')
      return text.includes(words) ? text : undefined
    })
})
