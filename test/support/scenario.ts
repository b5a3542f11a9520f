/** A user's mail program: submits mail files over SMTP with AUTH, large ones too. */
import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { SCENARIOS, type Scenario, type WrittenMail, writeMail } from '../../demo/scenarios.ts'
import { createSmtpTransport } from '../../server/platform/smtp/transport.ts'
import { silentLog } from '../../server/ports/log.ts'
import type { MessageId, RecipientRecord } from '../../shared/domain/index.ts'
import type { Gateway } from './gateway.ts'

/** Submits a file as `from` and returns the id of the accepted message; `to` is the envelope, whatever the header says. */
export async function submitFile(
  gateway: Gateway,
  mail: { readonly file: string; readonly from: string; readonly to: readonly string[] },
): Promise<MessageId> {
  const transport = createSmtpTransport({ name: 'client.test.example', log: silentLog })
  try {
    const route = {
      name: 'submission',
      host: '127.0.0.1',
      port: gateway.smtpPort,
      tls: 'none',
      auth: { user: mail.from, password: gateway.password(mail.from) },
      connections: 1,
    } as const
    const recipients = mail.to.map((address) => ({ address }))
    const envelope = { mailFrom: mail.from, recipients, body: '8BITMIME', smtputf8: false, requireTls: false } as const
    const stream = () => createReadStream(mail.file, { highWaterMark: 262_144 })
    const result = await transport.send(route, envelope, { size: statSync(mail.file).size, stream })
    const refused = result.recipients.find(({ status }) => status !== 'accepted')
    const id = /accepted ([0-9a-f-]{36})/.exec(result.recipients[0]?.reply ?? '')?.[1]
    if (refused || !id) throw new Error(`the gateway said ${refused?.reply ?? result.recipients[0]?.reply}`)
    return id as MessageId
  } finally {
    await transport.close()
  }
}

export interface SentScenario extends WrittenMail {
  readonly id: MessageId
  readonly recipients: readonly RecipientRecord[]
}

/** A scenario of the demo. */
export const scenarioOf = (id: Scenario['id']): Scenario => SCENARIOS.find((scenario) => scenario.id === id)!

let number = 0

/** Writes a scenario's mail, submits it as its author and waits until every recipient has come to rest. */
export async function sendScenario(
  gateway: Gateway,
  scenario: Scenario,
  to: readonly string[] = scenario.to,
): Promise<SentScenario> {
  const mail = await writeMail(scenario, join(gateway.folder, `sent-${++number}.eml`), Date.now())
  const id = await submitFile(gateway, { file: mail.file, from: scenario.from, to })
  return { ...mail, id, recipients: await gateway.settled(id) }
}
