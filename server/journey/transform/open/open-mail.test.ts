import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fault } from '../../../../shared/fault/index.ts'
import { encryptedMail, hostile, signedMail } from '../../../../test/support/mails.ts'
import { bytesOf } from '../../../ports/bytes.ts'
import type { OpenKeys } from './keys.ts'
import { openMail } from './open-mail.ts'

const FROM = 'anna@tenant.example'
const unknown = { pgp: [], certificates: [], revoked: new Set<string>() }
const nobody: OpenKeys = { smime: [], pgp: [], anchors: [], verification: async () => unknown }
const open = (mail: Buffer | string, keys = nobody) =>
  openMail(bytesOf(Buffer.from(mail)), keys, { at: Date.now(), from: FROM })
const cms = (type: string, body: Buffer, parameters = '') =>
  `From: ${FROM}\r\nContent-Type: application/${type}${parameters}\r\nContent-Transfer-Encoding: base64\r\n\r\n${body.toString('base64')}\r\n`

/** ContentInfo of id-ct-compressedData (RFC 3274) around nothing. */
const COMPRESSED = Buffer.from('3010060b2a864886f70d0109100109a0013000', 'hex')

describe('what is not to be opened', () => {
  it('a signature that is none is broken, and nothing is released', async () => {
    const { verdict, content } = await open(signedMail())
    expect([verdict.state, content]).toEqual(['broken', null])
  })

  it('an encryption that is none cannot be decrypted', async () => {
    expect((await open(encryptedMail())).verdict.state).toBe('undecryptable')
  })

  it.each([
    ['compressed data', cms('pkcs7-mime', COMPRESSED)],
    ['certificates alone', cms('pkcs7-mime', Buffer.from('3000', 'hex'), '; smime-type=certs-only')],
  ])('%s is not opened', async (_, mail) => expect((await open(mail)).verdict.state).toBe('not-opened'))

  it('what gateways renamed is still recognised', async () => {
    const mail = cms('octet-stream', Buffer.from('3000', 'hex'), '; name="smime.p7m"')
    expect((await open(mail)).verdict.state).toBe('undecryptable')
  })

  it('a signed file that was attached is no protection of the mail', async () => {
    const attached = (name: string) =>
      `From: ${FROM}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/pkcs7-mime; name="${name}"\r\n\r\nMAA=\r\n--b--\r\n`
    expect((await open(attached('invoice.xml.p7m'))).verdict.state).toBe('plain')
    expect((await open(attached('smime.p7m'))).verdict.state).toBe('not-covered')
  })
})

describe('failures that are no fault of the mail', () => {
  it('keys that cannot be asked for', async () => {
    const down: OpenKeys = { ...nobody, verification: () => Promise.reject(new Fault('store-unavailable')) }
    await expect(open(signedMail(), down)).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  it('a source that breaks off is not taken for an altered mail', async () => {
    const whole = bytesOf(signedMail())
    let reads = 0
    const source = {
      ...whole,
      stream: (start?: number, end?: number) => {
        if (++reads > 1) throw new Fault('store-unavailable')
        return whole.stream(start, end)
      },
    }
    await expect(openMail(source, nobody, { at: Date.now(), from: FROM })).rejects.toThrow('store-unavailable')
  })
})

describe('hostile mail', () => {
  it.each(Object.entries(hostile).filter(([, make]) => make.length === 0))('%s is not good', async (_, make) => {
    const { verdict } = await open((make as () => Buffer)())
    expect(verdict.state).not.toBe('good')
  })

  it('any structure and any bytes give a verdict that is not good', async () => {
    const types = [
      'multipart/signed; boundary=b; protocol="application/pkcs7-signature"',
      'multipart/signed; boundary=b; protocol="application/pgp-signature"',
      'multipart/encrypted; boundary=b; protocol="application/pgp-encrypted"',
      'application/pkcs7-mime; smime-type=signed-data',
      'application/pgp-encrypted',
      'application/pgp-signature',
      'application/pkcs7-signature',
      'multipart/mixed; boundary=b',
      'text/plain',
    ]
    const line = fc.oneof(
      fc.constantFrom('--b', '--b--', '', 'Version: 1', '-----BEGIN PGP MESSAGE-----', '-----BEGIN PGP SIGNATURE-----'),
      fc.constantFrom(...types).map((type) => `Content-Type: ${type}`),
      fc.constant('Content-Transfer-Encoding: base64'),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      fc.string({ maxLength: 40 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...types), fc.array(line, { maxLength: 25 }), async (type, lines) => {
        const mail = `From: ${FROM}\r\nContent-Type: ${type}\r\n${lines.join('\r\n')}`
        const { verdict, content, layers } = await open(mail)
        expect(verdict.state).not.toBe('good')
        if (layers.some(({ state }) => state === 'broken' || state === 'undecryptable')) expect(content).toBeNull()
      }),
      { numRuns: 500 },
    )
  })
})
