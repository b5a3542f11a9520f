/** A rule on a list that lies outside of the policy, from the running gateway's view. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const SENDER = 'leitstelle@demo.example'
const SEIZED = 'seized@elsewhere.example'
const OTHER = 'other@elsewhere.example'

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let lists: string

beforeAll(async () => {
  lists = mkdtempSync(join(tmpdir(), 'secflow-journey-lists-'))
  writeFileSync(join(lists, 'seized.txt'), `# since Monday\n${SEIZED}\n`)
  sink = await openSink({ directory: join(lists, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  const list = '{type: address, from: {file: seized.txt}, refresh: 1m, maxAge: 1d}'
  const rule =
    '{id: seized, when: {recipient.address: {inList: seized}}, then: [{reject: {text: this address was seized}}]}'
  const set = ruleSet(`  lists: {seized: ${list}}\n${rules(rule)}`)
  tenant = await ownTenant({ outside: sink.url, rules: [set.text.replace('name: tenant', 'name: own')] })
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: { ...tenant.settings({ lists: { directory: lists } }) },
  })
})
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(lists, { recursive: true, force: true })
})

it('rejects who stands in the file, delivers the other, and records which version it saw', async () => {
  const { id } = await submit(gateway.smtpPort, {
    from: SENDER,
    to: [SEIZED, OTHER],
    mail: plainMail({ from: SENDER, to: OTHER, subject: 'news', text: 'hello' }),
    password: gateway.password(SENDER),
  })
  const recipients = await gateway.settled(id)
  expect(recipients.map(({ address, state }) => [address, state]).sort()).toEqual([
    [OTHER, 'delivered'],
    [SEIZED, 'rejected'],
  ])
  const message = await (await gateway.records()).read.message(id as MessageId)
  expect(message?.decision?.lists).toEqual({ 'own/seized': expect.stringMatching(/^[0-9a-f]{32}$/) })
})
