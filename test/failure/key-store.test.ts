/** Row 25 of docs/operate/faults-of-the-path.md: no key can be read, and nothing that must be encrypted leaves in clear text. */
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import type { MessageId } from '../../shared/domain/index.ts'
import { startGateway } from '../support/gateway.ts'
import { hurry } from '../support/hurry.ts'
import { plainMail } from '../support/mails.ts'
import { ownTenant } from '../support/own-tenant.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const PARTNER = 'cert@partner.example'
const WORDS = 'The turbine runs at 4711 turns.'

test('25: while the keys cannot be read, confidential mail waits; nothing of it leaves; when they can, it leaves encrypted', async () => {
  using tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  const hop = await startSmtpServer()
  await using gateway = await startGateway({
    folder: tenant.folder,
    relayPort: hop.port,
    settings: tenant.settings(),
  })
  const database = new BetterSqlite(join(tenant.folder, 'secflow.db'), { timeout: 5_000 })
  const mail = plainMail({
    from: AUTHOR,
    to: PARTNER,
    text: WORDS,
    headers: ['X-Secflow-Classification: confidential'],
  })
  // Gone for whoever looks, as a key store is that answers nothing.
  database.exec('alter table key_material rename to key_away')
  const { id, reply } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [PARTNER],
    mail,
    password: gateway.password(AUTHOR),
  })
  expect(reply).toMatch(/^250/)
  await using records = await gateway.records()
  const state = async () => (await records.read.recipients(id as MessageId)).map((row) => row.state).join()
  const toPartner = () => hop.received.filter(({ to }) => to.includes(PARTNER))
  await expect.poll(state, { timeout: 20_000 }).toBe('deferred')
  const tries = () =>
    (database.prepare('select sum(attempt) as n from job where message = ?').get(id) as { readonly n: number }).n
  const before = tries()
  // It is tried again, and that has come to its end.
  await expect
    .poll(() => {
      hurry(tenant.folder)
      return tries()
    })
    .toBeGreaterThan(before + 1)
  expect(await state()).toBe('deferred')
  expect(toPartner()).toEqual([])

  database.exec('alter table key_away rename to key_material')
  database.close()
  await expect
    .poll(() => {
      hurry(tenant.folder)
      return state()
    })
    .toBe('delivered')
  expect((await gateway.settled(id)).map(({ state, receipt }) => [state, receipt?.method])).toEqual([
    ['delivered', 'smime'],
  ])
  expect(toPartner()).toHaveLength(1)
  expect(toPartner()[0]!.data).toContain('application/pkcs7-mime')
  expect(toPartner()[0]!.data).not.toContain(WORDS)
  await hop.close()
})
