import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { readElement } from '../../../keys/asn1/ber-read.ts'
import * as der from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { createAuthority, issueCertificate, privateKeyOf } from '../../../keys/authority.ts'
import { certificateOf } from '../../../keys/certificate.ts'
import type { Entity } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import { bytesOf } from '../../../ports/bytes.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { base64Lines, decodeBase64 } from './base64.ts'
import { splitHeader } from './content-header.ts'
import { decryptEnveloped, encryptEntity, needs7bit, signEntity, splitSigned, verifySigned } from './index.ts'
import { keyEncryptionKey, unwrapKey, wrapKey } from './key-wrap.ts'
import { readSigned } from './signed-read.ts'

const NOW = Date.UTC(2026, 10, 23)
const once = async function* (...data: (Uint8Array | string)[]) {
  for (const piece of data) yield Buffer.from(piece)
}
const entity = (fields: Record<string, string>, body: string): Entity => ({
  header: Object.entries(fields).map(([name, value]) => rawField(name, value)),
  body: () => once(body),
})
const text = async (source: AsyncIterable<Uint8Array>) =>
  Buffer.concat(await Array.fromAsync(source)).toString('latin1')

let identity: SmimeIdentity
beforeAll(async () => {
  const authority = await createAuthority({ organisation: 'Test', now: NOW })
  const request = { address: 'a@x.example', name: 'A', notBefore: NOW - 1000, notAfter: NOW + 86_400_000 }
  const issued = await issueCertificate(authority, { ...request, keyType: 'p256' })
  const certificate = certificateOf(issued.certificate)
  const chain = [authority.certificate]
  identity = { certificate, chain, privateKey: privateKeyOf(issued.privateKey), gateway: false }
})

describe('wrapping an entity', () => {
  it('moves Content-* inside and leaves the rest outside', () => {
    const { inner, outer } = splitHeader(
      entity(
        { From: 'a@x.example', 'Content-Type': 'text/html', 'MIME-Version': '1.0', Subject: 's', 'Content-ID': '<1>' },
        '',
      ),
    )
    expect(inner.toString()).toBe('Content-Type: text/html\r\nContent-ID: <1>\r\n\r\n')
    expect(outer.map(({ name }) => name)).toEqual(['from', 'subject'])
  })

  it('writes the default content type out', () => {
    expect(splitHeader(entity({ From: 'a@x.example' }, '')).inner.toString()).toBe(
      'Content-Type: text/plain; charset=us-ascii\r\n\r\n',
    )
  })

  it('tells which body needs another transfer encoding', async () => {
    expect(await needs7bit(entity({ 'Content-Type': 'text/plain' }, 'Gr=C3=BC=C3=9Fe'))).toBe(false)
    expect(await needs7bit(entity({ 'Content-Type': 'text/plain' }, 'Grüße'))).toBe(true)
  })

  it('says micalg and protocol, and leaves the root certificate at home', async () => {
    const signed = signEntity(entity({ Subject: 's' }, 'x'), identity, { time: NOW })
    expect(signed.header.at(-1)?.raw.toString()).toMatch(
      /^Content-Type: multipart\/signed; protocol="application\/pkcs7-signature";\r\n\tmicalg=sha-256; boundary="=_secflow_/,
    )
    const opaque = signEntity(entity({ Subject: 's' }, 'x'), identity, { time: NOW, mode: 'opaque' })
    const data = await decodeBase64(opaque.body(), 100_000)
    const verified = await verifySigned(data, null, { anchors: identity.chain, at: NOW })
    expect(verified.certificates).toHaveLength(1)
    expect(verified.signers[0]?.trust).toBeNull()
  })

  it('an encrypted body is written once', async () => {
    const encrypted = encryptEntity(entity({}, 'x'), [identity.certificate])
    expect(encrypted.once).toBe(true)
    await text(encrypted.body())
    expect(() => encrypted.body()).toThrow()
  })

  it('a key that cannot sign says so at once', () => {
    const { privateKey } = generateKeyPairSync('x25519')
    expect(() => signEntity(entity({}, ''), { ...identity, privateKey }, { time: NOW })).toThrow(/key-unusable/)
  })
})

describe('base64', () => {
  it('folds at 76 columns over chunks of any size', async () => {
    const data = Buffer.alloc(100_000, 'abcdefg')
    const chunks = Array.from({ length: 100 }, (_, i) => data.subarray(i * 1000, (i + 1) * 1000))
    const folded = await text(base64Lines(once(...chunks)))
    const lines = folded.split('\r\n')
    expect(lines.at(-1)).toBe('')
    expect(lines.slice(0, -2).every((line) => line.length === 76)).toBe(true)
    expect(await decodeBase64(once(folded), 200_000)).toEqual(data)
  })

  it('refuses what is no base64 and what is too much', async () => {
    await expect(decodeBase64(once('ab*='), 100)).rejects.toMatchObject({ code: 'container-malformed' })
    await expect(decodeBase64(once('abcde'), 100)).rejects.toMatchObject({ code: 'container-malformed' })
    await expect(decodeBase64(once('a'.repeat(101)), 100)).rejects.toMatchObject({ code: 'message-too-large' })
  })
})

describe('key wrap', () => {
  it('unwraps the vector of RFC 3394 4.6 and notices a flipped bit', () => {
    const kek = Buffer.from('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F', 'hex')
    const key = Buffer.from('00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F', 'hex')
    const wrapped = wrapKey(kek, key)
    expect(wrapped.toString('hex')).toBe(
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    )
    expect(unwrapKey(kek, wrapped)).toEqual(key)
    wrapped[3]! ^= 1
    expect(() => unwrapKey(kek, wrapped)).toThrow()
  })

  it('derives as many bytes as asked, each block once', () => {
    const derive = (length: 16 | 24 | 32) =>
      keyEncryptionKey(Buffer.alloc(32, 1), 'sha1', der.algorithm(OID.aes256Wrap), null, length)
    expect(derive(32)).toHaveLength(32)
    expect(derive(32).subarray(0, 12).equals(derive(32).subarray(20))).toBe(false)
  })
})

describe('what must not hold', () => {
  const opaque = async (by: SmimeIdentity) =>
    decodeBase64(signEntity(entity({}, 'body'), by, { time: NOW, mode: 'opaque' }).body(), 100_000)
  const verdict = (data: Buffer) => verifySigned(data, null, { anchors: identity.chain, at: NOW })

  it('a signature of another key, with the certificate of the victim', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const honest = await opaque(identity)
    const [signer] = readSigned(readElement(honest, { encoding: 'ber' })).signers
    const { signature, attributes } = signer!
    // The lengths of ECDSA signatures vary by some octets: one as long as the honest one takes its place.
    let forged = Buffer.alloc(0)
    while (forged.length !== signature.length) forged = sign('sha256', attributes!.bytes, privateKey)
    forged.copy(honest, honest.indexOf(signature))
    await expect(verdict(honest)).rejects.toMatchObject({ code: 'signature-invalid' })
    await expect(verdict(await opaque(identity))).resolves.toMatchObject({ signers: [{ trust: null }] })
  })

  it('a key that does not belong to its certificate is noticed before anything leaves', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (let run = 0; run < 3; run++)
      await expect(opaque({ ...identity, privateKey })).rejects.toMatchObject({ code: 'key-unusable' })
  })

  it('an altered signing time or signature value', async () => {
    const data = await opaque(identity)
    const later = Buffer.from(data.toString('latin1').replace('261123000000Z', '261124000000Z'), 'latin1')
    expect(later.equals(data)).toBe(false)
    await expect(verdict(later)).rejects.toMatchObject({ code: 'signature-invalid' })
    const value = Buffer.from(data)
    value[data.length - 20]! ^= 1
    await expect(verdict(value)).rejects.toMatchObject({ code: 'signature-invalid' })
  })

  it('a signature that means another certificate of the same name, number and key', async () => {
    const signed = await opaque(identity)
    const hash = createHash('sha256').update(identity.certificate.raw).digest()
    const at = signed.indexOf(hash)
    expect(at).toBeGreaterThan(0)
    signed[at]! ^= 1
    await expect(verdict(signed)).rejects.toMatchObject({
      code: 'signature-invalid',
      detail: 'signed with another certificate',
    })
  })

  it('2,000 wrong keys on CBC: padding that fits by chance releases nothing', async () => {
    const data = await decodeBase64(encryptEntity(entity({}, 'body'), [identity.certificate]).body(), 100_000)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const wrong = { ...identity, privateKey }
    for (let run = 0; run < 2_000; run++) {
      await expect(decryptEnveloped(once(data), [wrong])).rejects.toMatchObject({ message: 'decryption-failed' })
    }
  })
})

describe('limits', () => {
  it('a container above 64 MiB is refused before it is held', async () => {
    let given = 0
    const endless = (async function* () {
      for (; given < 200; given++) yield Buffer.alloc(1_048_576, 0x30)
    })()
    await expect(decryptEnveloped(endless, [identity])).rejects.toMatchObject({ code: 'message-too-large' })
    expect(given).toBe(64)
  })

  it.each([
    ['no container', '300506032a0304'],
    ['signed data', '300f06092a864886f70d010702a0023000'],
    ['an empty input', ''],
  ])('%s is malformed, whatever keys there are', async (_, hex) => {
    await expect(decryptEnveloped(once(Buffer.from(hex, 'hex')), [])).rejects.toMatchObject({
      code: 'container-malformed',
    })
  })
})

describe('the parts of a signed mail', () => {
  const split = (body: string) => splitSigned(bytesOf(Buffer.from(body)), 'b')

  it('are found with preamble, epilogue and look-alikes', async () => {
    const body = 'preamble\r\n--b \r\nA: b\r\n\r\n--bb\r\n-- b\r\n\r\n--b\r\nC: d\r\n\r\nsig\r\n--b--\r\nepilogue'
    const { content, signature } = await split(body)
    expect(body.slice(content.start, content.end)).toBe('A: b\r\n\r\n--bb\r\n-- b\r\n')
    expect(body.slice(signature.start, signature.end)).toBe('C: d\r\n\r\nsig')
  })

  it.each([
    ['one part', '--b\r\nx\r\n--b--\r\n'],
    ['three parts', '--b\r\nx\r\n--b\r\ny\r\n--b\r\nz\r\n--b--\r\n'],
    ['an open end', '--b\r\nx\r\n--b\r\ny\r\n'],
    ['bare line feeds', '--b\nx\n--b\ny\n--b--\n'],
    ['nothing', ''],
  ])('%s is refused', async (_, body) => {
    await expect(split(body)).rejects.toMatchObject({ code: 'mime-malformed' })
  })

  it('a line longer than any delimiter is passed over without being held', async () => {
    const long = `--b\r\n${'y'.repeat(600_000)}--b\r\n--b${'z'.repeat(500)}\r\nlast\r\n--b\r\nsig\r\n--b--`
    const { content } = await split(long)
    expect(long.slice(content.start, content.end).endsWith('\r\nlast')).toBe(true)
  })
})
