import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSink, type Sink } from '../../demo/sink.ts'
import type { RecipientRecord } from '../../shared/domain/index.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { type Facts, ownTenant } from './own-tenant.ts'
import { submit } from './submit.ts'

export interface OwnHouse extends AsyncDisposable {
  readonly gateway: Gateway
  readonly sink: Sink
  /** Mailboxes of the sink, a folder each. */
  readonly mailboxes: string
  /** Hands a mail in as one of the demo's people for another one, and says what became of it. */
  send(from: string, to: string, mail: Buffer): Promise<RecipientRecord | undefined>
}

/** A gateway with the demo's people under rules of one's own, and a sink as its next hop. */
export async function openOwnHouse(options: {
  readonly rules: readonly string[]
  readonly people?: (facts: Facts) => void
}): Promise<OwnHouse> {
  const scratch = mkdtempSync(join(tmpdir(), 'secflow-house-'))
  const mailboxes = join(scratch, 'mailboxes')
  const sink = await openSink({ directory: mailboxes, smtpPort: 0, httpPort: 0 })
  const tenant = await ownTenant({ outside: sink.url, rules: options.rules })
  if (options.people) tenant.people(options.people)
  const gateway = await startGateway({ folder: tenant.folder, relayPort: sink.smtpPort, settings: tenant.settings() })
  return {
    gateway,
    sink,
    mailboxes,
    async send(from, to, mail) {
      const { id } = await submit(gateway.smtpPort, { from, to: [to], mail, password: gateway.password(from) })
      return (await gateway.settled(id))[0]
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      tenant[Symbol.dispose]()
      await sink.close()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}
