import { describe, expect, it } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { encryptedMail, plainMail, signedMail } from '../../../test/support/mails.ts'
import { type ByteSource, bytesOf } from '../../ports/bytes.ts'
import type { Keyring } from '../../ports/keyring.ts'
import { parseMail } from '../parse/parse-mail.ts'
import { plainTenant } from '../tenant.ts'
import { DEFAULT_INBOUND } from './settings.ts'
import { isToBeOpened, type MailToOpen, openViews, passed } from './views.ts'

const tenant = plainTenant(tenantId('acme'), 'acme.example')
const ANNA = 'anna@acme.example'
const ELSE = 'else@acme.example'
/** A spool that must not be read again. */
const unread: ByteSource = {
  size: 1,
  stream: () => {
    throw new Fault('blob-missing')
  },
  read: () => Promise.reject(new Fault('blob-missing')),
}

async function mailOf(bytes: Buffer, changes: Partial<MailToOpen> = {}, authenticated: 'none' | 'auth' = 'none') {
  const envelope = {
    mailFrom: authenticated === 'none' ? 'bob@peer.example' : ANNA,
    recipients: [],
    body: '7BIT' as const,
    smtputf8: false,
    requireTls: false,
  }
  return {
    tenant,
    record: { envelope, origin: { channel: 'smtp', authenticated, peer: '192.0.2.1', tls: null }, acceptedAt: 0 },
    recipients: [ANNA],
    source: unread,
    parsed: await parseMail(bytesOf(bytes)),
    fileText: true,
    ...changes,
  } as MailToOpen
}
const openedOf = (mail: MailToOpen) => passed(mail).views.map(({ parsed }) => parsed.message.opened)

describe('what is opened', () => {
  it("a stranger's mail without protection is not read again, and known to be plain", async () => {
    const mail = await mailOf(plainMail())
    expect(isToBeOpened(mail)).toBe(false)
    expect(openedOf(mail)).toEqual([{ verdict: 'plain', signer: null, encryption: 'none', damage: null }])
  })

  it('one that is signed or encrypted, for people of ours', async () => {
    for (const bytes of [signedMail(), encryptedMail()]) expect(isToBeOpened(await mailOf(bytes))).toBe(true)
    expect(isToBeOpened(await mailOf(signedMail(), { recipients: ['x@elsewhere.example'] }))).toBe(false)
  })

  it('no mail of our own, and none where that is switched off', async () => {
    const own = await mailOf(signedMail(), {}, 'auth')
    expect(isToBeOpened(own)).toBe(false)
    expect(openedOf(own)).toEqual([null])
    const off = await mailOf(signedMail(), { tenant: { ...tenant, inbound: { ...DEFAULT_INBOUND, open: 'off' } } })
    expect(isToBeOpened(off)).toBe(false)
    expect(openedOf(off)).toEqual([null])
  })
})

describe('views', () => {
  const keyring = {
    decryptionKeys: async () => ({ smime: [], pgp: [] }),
    anchors: async () => [],
    verificationKeys: async () => ({ pgp: [], certificates: [], revoked: new Set<string>() }),
  } as unknown as Keyring

  it('recipients with the same keys share one; whoever is elsewhere has his own, in which nothing was opened', async () => {
    const bytes = encryptedMail()
    const recipients = [ANNA, ELSE, 'x@elsewhere.example']
    await using opened = await openViews(keyring, await mailOf(bytes, { recipients, source: bytesOf(bytes) }))
    expect(
      opened.views.map((view) => [[...view.recipients], view.opened?.verdict.state ?? null, view.inbound]),
    ).toEqual([
      [[ANNA, ELSE], 'undecryptable', true],
      [['x@elsewhere.example'], null, false],
    ])
    expect(opened.notes).toMatchObject([{ type: 'message.opened', detail: { verdict: 'undecryptable' } }])
    expect(opened.views[0]?.usual).toBe(opened.views[0]?.received)
  })

  it('keys that cannot be asked for are no fault of the mail: the job is tried again', async () => {
    const bytes = encryptedMail()
    const down = { ...keyring, anchors: () => Promise.reject(new Fault('store-unavailable')) }
    await expect(openViews(down, await mailOf(bytes, { source: bytesOf(bytes) }))).rejects.toMatchObject({
      code: 'store-unavailable',
    })
  })
})
