/** An answer is at least as confidential as what it answers, whatever the client says of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-reply-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  const held =
    '{id: secret-held, when: {message.classification: secret}, then: [{hold: {approvers: [security@demo.example]}}]}'
  tenant = await ownTenant({ outside: sink.url, rules: [ruleSet(rules(held)).text] })
  gateway = await startGateway({ folder: tenant.folder, relayPort: sink.smtpPort, settings: tenant.settings() })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function sent(...headers: string[]) {
  const mail = plainMail({ from: AUTHOR, to: COLLEAGUE, headers })
  const { id } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [COLLEAGUE],
    mail,
    password: gateway.password(AUTHOR),
  })
  return (await gateway.settled(id))[0]?.state
}

describe('no downgrade on reply', () => {
  it('holds the answer to a secret mail like the mail itself', async () => {
    // Test mails all have the Message-ID <one@tenant.example>.
    expect(await sent()).toBe('delivered')
    expect(await sent('In-Reply-To: <one@tenant.example>')).toBe('delivered')
    expect(await sent('X-Secflow-Classification: secret')).toBe('held')
    expect(await sent('In-Reply-To: <one@tenant.example>', 'X-Secflow-Classification: public')).toBe('held')
    expect(await sent('References: <x@y> <one@tenant.example>')).toBe('held')
    expect(await sent('In-Reply-To: <other@tenant.example>')).toBe('delivered')
    expect(await sent('X-Secflow-Classification: public')).toBe('delivered')
  })
})
