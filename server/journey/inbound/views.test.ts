import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { entityBytes } from '../../../test/support/entity-bytes.ts'
import { startGpg } from '../../../test/support/gpg.ts'
import { encryptedMail, plainMail, signedMail } from '../../../test/support/mails.ts'
import { opensslCa } from '../../../test/support/openssl-ca.ts'
import { type ByteSource, bytesOf } from '../../ports/bytes.ts'
import type { Keyring, PgpIdentity } from '../../ports/keyring.ts'
import { parseMail } from '../parse/parse-mail.ts'
import { plainTenant } from '../tenant.ts'
import { generatePgpKey } from '../transform/openpgp/index.ts'
import { encryptEntity } from '../transform/smime/index.ts'
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

  it('a bomb of compression for many keys is unpacked for some of them, and closed for the rest', async () => {
    await using gnupg = await startGpg()
    const addresses = ['a', 'b', 'c', 'd'].map((name) => `${name}@acme.example`)
    const identities = new Map<string, PgpIdentity>()
    for (const address of addresses) {
      const made = await generatePgpKey({ name: '', address, time: Date.now() - 60_000, kind: 'ecc' })
      identities.set(address, { ...made, gateway: false })
      await gnupg.trust(made.armoredPublic)
    }
    writeFileSync(
      gnupg.path('zeros'),
      Buffer.concat([Buffer.from('Content-Type: text/plain\r\n\r\n'), Buffer.alloc(250 * 1_048_576, '\n')]),
    )
    const readers = addresses.flatMap((address) => ['-r', address])
    const { stdout } = await gnupg.gpg([
      '--armor',
      '--compress-algo',
      'zlib',
      ...readers,
      '--encrypt',
      '--output',
      '-',
      gnupg.path('zeros'),
    ])
    expect(stdout.length).toBeLessThan(600_000)
    const bytes = Buffer.from(
      `From: bob@peer.example\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="gpg"\n\n--gpg\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--gpg\nContent-Type: application/octet-stream\n\n${stdout}\n--gpg--\n`.replaceAll(
        /\r?\n/g,
        '\r\n',
      ),
    )
    const own = {
      ...keyring,
      decryptionKeys: async (_: string, [address]: readonly string[]) => ({
        smime: [],
        pgp: [identities.get(address!)!],
      }),
    } as unknown as Keyring
    await using opened = await openViews(own, await mailOf(bytes, { recipients: addresses, source: bytesOf(bytes) }))
    expect(opened.views.map((view) => [[...view.recipients], view.opened?.verdict.state])).toEqual([
      [addresses.slice(0, 2), 'unsigned'],
      [addresses.slice(2), 'undecryptable'],
    ])
  }, 120_000)

  it('many keys that open the same content hold it once, and readable', async () => {
    using ca = opensslCa(ANNA)
    const names = ['rsa2048', 'rsa3072'] as const
    const identities = names.map((name) => ca.identity(name))
    const content = Buffer.from('Content-Type: text/plain\r\n\r\nThe figures are 42.\r\n')
    const sealed = encryptEntity(
      { header: [], body: () => bytesOf(content).stream() },
      identities.map(({ certificate }) => certificate),
      { content: 'gcm' },
    )
    const bytes = Buffer.concat([Buffer.from('From: bob@peer.example\r\n'), await entityBytes(sealed)])
    const own: Keyring = {
      ...keyring,
      decryptionKeys: async (_: string, [address]: readonly string[]) => ({
        smime: [identities[address === ANNA ? 0 : 1]!],
        pgp: [],
      }),
    }
    await using opened = await openViews(own, await mailOf(bytes, { recipients: [ANNA, ELSE], source: bytesOf(bytes) }))
    const [view, ...more] = opened.views
    expect([[...view!.recipients], more]).toEqual([[ANNA, ELSE], []])
    const { source } = view!.usual
    expect((await source.read(0, source.size)).toString()).toContain('The figures are 42.')
  })

  it('keys that cannot be asked for are no fault of the mail: the job is tried again', async () => {
    const bytes = encryptedMail()
    const down = { ...keyring, anchors: () => Promise.reject(new Fault('store-unavailable')) }
    await expect(openViews(down, await mailOf(bytes, { source: bytesOf(bytes) }))).rejects.toMatchObject({
      code: 'store-unavailable',
    })
  })
})
