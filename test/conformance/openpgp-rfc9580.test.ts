/** The samples of RFC 9580 Annex A, which its authors made with several implementations, through our readers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  pgpFingerprint,
  pgpOpen,
  pgpPublicPart,
  pgpReadSigned,
  pgpReadSignedText,
} from '../../server/journey/transform/openpgp/index.ts'
import { bytesOf } from '../../server/ports/bytes.ts'

const sample = (name: string) => readFileSync(join(import.meta.dirname, 'openpgp-rfc9580', `${name}.asc`))
const time = Date.UTC(2026, 10, 23)
const certificate = sample('a3-certificate').toString()
const FINGERPRINT = 'cb186c4f0609a697e4d52dfa6c722b0c1f1e27c18a56708f6525ec27bad9acc9'
const SHOPPING = 'What we need from the grocery store:\n\n- tofu\n- vegetables\n- noodles\n'

describe('RFC 9580 Annex A', () => {
  test('A.3 and A.4: a version 6 certificate and its secret key', async () => {
    expect(await pgpFingerprint(certificate)).toBe(FINGERPRINT)
    expect((await pgpPublicPart(sample('a4-secret-key').toString())).fingerprint).toBe(FINGERPRINT)
  })

  test('A.5: a locked secret key is not taken for a usable one', async () => {
    await expect(pgpPublicPart(sample('a5-locked-secret-key').toString())).rejects.toMatchObject({
      code: 'key-unusable',
    })
  })

  test('A.6: a signed text', async () => {
    const { content, signatures } = await pgpReadSignedText(sample('a6-cleartext-signed'), [certificate], { time })
    // The line end before the signature is not part of the text (7.1).
    expect(content.toString()).toBe(SHOPPING.replaceAll('\n', '\r\n'))
    expect(signatures).toMatchObject([{ state: 'good', fingerprint: FINGERPRINT, key: 'valid', weak: false }])
  })

  test('A.7: a signed message', async () => {
    const pieces = bytesOf(sample('a7-inline-signed')).stream()
    const { content, signatures } = await pgpReadSigned(pieces, [certificate], { time })
    expect((await content.read(0, content.size)).toString()).toBe(SHOPPING)
    expect(signatures).toMatchObject([{ state: 'good', fingerprint: FINGERPRINT }])
  })

  test.each([
    ['A.8: X25519 and OCB', 'a8-x25519-ocb'],
    ['A.9: a password, EAX', 'a9-password-eax'],
    ['A.10: a password, OCB', 'a10-password-ocb'],
    ['A.11: a password, GCM', 'a11-password-gcm'],
  ])('%s', async (_name, file) => {
    const armored = sample(file)
    const secret = sample('a4-secret-key').toString()
    const { armoredPublic } = await pgpPublicPart(secret)
    const identity = { armoredPrivate: secret, armoredPublic, gateway: false }
    const open = (passwords: string[]) =>
      pgpOpen(bytesOf(armored).stream(), [identity], [certificate], { time, passwords })
    const opened = await open(['password'])
    expect((await opened.content.read(0, opened.content.size)).toString()).toBe('Hello, world!')
    expect(opened.protection).toBe('SEIPD version 2')
    if (!file.startsWith('a8')) {
      await expect(open(['passwort'])).rejects.toMatchObject({ code: 'decryption-failed', detail: '' })
    }
  })

  test.each([128, 192, 256])('A.12: Argon2 that asks for 2 GiB, AES-%i, is refused', async (bits) => {
    const pieces = bytesOf(sample(`a12-argon2-aes${bits}`)).stream()
    const before = process.resourceUsage().maxRSS
    await expect(pgpOpen(pieces, [], [], { time, passwords: ['password'] })).rejects.toMatchObject({
      code: 'decryption-failed',
      detail: '',
    })
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(100)
  })
})
