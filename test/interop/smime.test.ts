/** S/MIME against `openssl cms` 3, both directions. What ours wrote openssl must read, and the other way round. */
import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  decodeBase64,
  decryptEnveloped,
  describeEncryption,
  describeSignature,
  type EncryptOptions,
  encryptEntity,
  signEntity,
  splitSigned,
  verifySigned,
} from '../../server/journey/transform/smime/index.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'
import { type OpensslCa, type OpensslKey, opensslCa } from '../support/openssl-ca.ts'

const MAIL = entityOf(
  'From: anna@example.org\nSubject: Befund\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n-- dash line\n.\n',
)
const INNER =
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n-- dash line\r\n.\r\n'
const SIGNERS: readonly OpensslKey[] = ['rsa2048', 'rsa3072', 'p256', 'p384', 'p521']
const RECEIVERS: readonly OpensslKey[] = ['rsa2048', 'rsa3072', 'p256', 'p384', 'p521']

let ca: OpensslCa
beforeAll(() => {
  ca = opensslCa('anna@example.org')
})
afterAll(() => ca[Symbol.dispose]())

const anchors = () => [certificateOf(readFileSync(ca.path('ca.crt')))]
const once = async function* (data: Uint8Array) {
  yield data
}

/** Body bytes of a written entity. */
const bodyOf = (wire: Buffer) => wire.subarray(wire.indexOf('\r\n\r\n') + 4)

async function readSignedMail(wire: Buffer) {
  const boundary = /boundary="([^"]+)"/.exec(wire.toString('latin1'))![1]!
  const source = bytesOf(wire)
  const { content, signature } = await splitSigned(source, boundary, wire.indexOf('\r\n\r\n') + 4)
  const part = (await source.read(signature.start, signature.end)).toString('latin1')
  const der = await decodeBase64(once(Buffer.from(part.slice(part.search(/\n\r?\n/)))), 1_000_000)
  return verifySigned(der, source.stream(content.start, content.end), { anchors: anchors(), at: Date.now() })
}

describe('signing', () => {
  it.each(SIGNERS)('openssl verifies a clear signature with %s', async (name) => {
    const signed = signEntity(MAIL, ca.identity(name), { time: Date.now() })
    writeFileSync(ca.path('signed.eml'), await entityBytes(signed))
    const inner = ca.run('cms', '-verify', '-in', 'signed.eml', '-CAfile', 'ca.crt', '-purpose', 'smimesign')
    expect(inner.toString()).toBe(INNER)
    const header = signed.header.map(({ raw }) => raw.toString()).join('\n')
    expect(header).toMatch(
      /^From: anna@example\.org\nSubject: Befund\nMIME-Version: 1\.0\nContent-Type: multipart\/signed/,
    )
  })

  it.each(SIGNERS)('openssl verifies opaque signed-data with %s', async (name) => {
    const signed = signEntity(MAIL, ca.identity(name), { time: Date.now(), mode: 'opaque' })
    writeFileSync(ca.path('opaque.eml'), await entityBytes(signed))
    expect(ca.run('cms', '-verify', '-in', 'opaque.eml', '-CAfile', 'ca.crt').toString()).toBe(INNER)
  })

  it.each(SIGNERS)('openssl refuses an altered mail signed with %s, and so do we', async (name) => {
    const wire = await entityBytes(signEntity(MAIL, ca.identity(name), { time: Date.now() }))
    const altered = Buffer.from(wire.toString('latin1').replace('dash line', 'dash lime'), 'latin1')
    writeFileSync(ca.path('altered.eml'), altered)
    expect(ca.succeeds('cms', '-verify', '-in', 'altered.eml', '-CAfile', 'ca.crt')).toBe(false)
    await expect(readSignedMail(altered)).rejects.toMatchObject({ code: 'signature-invalid' })
  })

  it.each(['clear', 'opaque'] as const)('openssl verifies RSASSA-PSS, %s', async (mode) => {
    const identity = ca.identity('rsa3072')
    const signed = signEntity(MAIL, identity, { time: Date.now(), mode, rsa: 'pss' })
    writeFileSync(ca.path('pss.eml'), await entityBytes(signed))
    expect(ca.run('cms', '-verify', '-in', 'pss.eml', '-CAfile', 'ca.crt').toString()).toBe(INNER)
    const text = ca.run('cms', '-cmsout', '-print', '-noout', '-in', 'pss.eml').toString()
    expect(text).toMatch(/signatureAlgorithm:\s+algorithm: rsassaPss/)
    expect(describeSignature(identity, 'pss')).toContain('RSASSA-PSS SHA-256')
  })

  it('openssl takes off what was signed, encrypted and signed again, and so do we', async () => {
    const identity = ca.identity('p384')
    const time = Date.now()
    const inner = signEntity(MAIL, identity, { time, mode: 'opaque' })
    const wrapped = signEntity(encryptEntity(inner, [identity.certificate]), identity, { time })
    writeFileSync(ca.path('sts.eml'), await entityBytes(wrapped))
    ca.run('cms', '-verify', '-in', 'sts.eml', '-CAfile', 'ca.crt', '-out', 'st.eml')
    ca.run('cms', '-decrypt', '-in', 'st.eml', '-recip', 'p384.crt', '-inkey', 'p384.key', '-out', 's.eml')
    expect(ca.run('cms', '-verify', '-in', 's.eml', '-CAfile', 'ca.crt').toString()).toBe(INNER)
  })

  it('the attributes say what we claim: signing time, signing certificate, capabilities', async () => {
    const wire = await entityBytes(signEntity(MAIL, ca.identity('p256'), { time: Date.UTC(2026, 10, 1) }))
    writeFileSync(ca.path('signed.eml'), wire)
    const text = ca.run('cms', '-cmsout', '-print', '-noout', '-in', 'signed.eml').toString()
    expect(text).toContain('Nov  1 00:00:00 2026 GMT')
    expect(text).toContain('id-smime-aa-signingCertificateV2')
    expect(text).toContain('S/MIME Capabilities')
  })

  it('a second run of the same entity yields the same bytes', async () => {
    const signed = signEntity(MAIL, ca.identity('p256'), { time: Date.now() })
    expect((await entityBytes(signed)).equals(await entityBytes(signed))).toBe(true)
  })
})

describe('verifying', () => {
  // Ed25519 (RFC 8419) against OpenSSL 3.5, for 3.0 refuses EdDSA in CMS: smime-modern.test.ts.
  it.each([...SIGNERS, 'ed25519'] as const)('reads our own clear signature with %s', async (name) => {
    const identity = ca.identity(name)
    const verified = await readSignedMail(await entityBytes(signEntity(MAIL, identity, { time: 1_700_000_000_000 })))
    expect(verified.signers).toHaveLength(1)
    expect(verified.signers[0]).toMatchObject({
      trust: null,
      addresses: ['anna@example.org'],
      signedAt: 1_700_000_000_000,
    })
  })

  it.each(SIGNERS)('reads what openssl signed with %s: clear, opaque, streamed', async (name) => {
    const key = ['-signer', `${name}.crt`, '-inkey', `${name}.key`, '-md', 'sha256']
    writeFileSync(ca.path('plain.txt'), INNER)
    for (const mode of [['-nodetach'], ['-nodetach', '-stream']]) {
      ca.run('cms', '-sign', '-binary', '-in', 'plain.txt', '-outform', 'DER', '-out', 'o.der', ...key, ...mode)
      const verified = await verifySigned(readFileSync(ca.path('o.der')), null, { anchors: anchors(), at: Date.now() })
      expect(verified.content?.toString()).toBe(INNER)
      expect(verified.signers[0]?.trust).toBeNull()
    }
    ca.run('cms', '-sign', '-in', 'plain.txt', '-crlfeol', '-out', 'clear.eml', ...key)
    const verified = await readSignedMail(readFileSync(ca.path('clear.eml')))
    expect(verified.signers[0]?.trust).toBeNull()
  })

  it('reads RSA-PSS and signers named by key identifier', async () => {
    writeFileSync(ca.path('plain.txt'), INNER)
    const key = ['-signer', 'rsa2048.crt', '-inkey', 'rsa2048.key', '-md', 'sha256', '-keyid']
    const pss = ['-keyopt', 'rsa_padding_mode:pss', '-nodetach', '-outform', 'DER']
    ca.run('cms', '-sign', '-binary', '-in', 'plain.txt', '-out', 'pss.der', ...key, ...pss)
    const verified = await verifySigned(readFileSync(ca.path('pss.der')), null, { anchors: anchors(), at: Date.now() })
    expect(verified.signers[0]).toMatchObject({ trust: null, algorithm: 'rsa-pss sha256' })
  })

  it('an unknown authority is named, a late date too, SHA-1 is refused', async () => {
    const wire = await entityBytes(signEntity(MAIL, ca.identity('p256'), { time: Date.now(), mode: 'opaque' }))
    const der = await decodeBase64(once(bodyOf(wire)), 1_000_000)
    const unknown = await verifySigned(der, null, { anchors: [], at: Date.now() })
    expect(unknown.signers[0]?.trust).toBe('certificate-untrusted')
    const late = await verifySigned(der, null, { anchors: anchors(), at: Date.now() + 40 * 86_400_000 })
    expect(late.signers[0]?.trust).toBe('certificate-expired')
    const key = ['-signer', 'rsa2048.crt', '-inkey', 'rsa2048.key', '-md', 'sha1', '-nodetach', '-outform', 'DER']
    writeFileSync(ca.path('plain.txt'), INNER)
    ca.run('cms', '-sign', '-binary', '-in', 'plain.txt', '-out', 'sha1.der', ...key)
    const weak = verifySigned(readFileSync(ca.path('sha1.der')), null, { anchors: anchors(), at: Date.now() })
    await expect(weak).rejects.toMatchObject({ code: 'signature-invalid' })
  })

  it('takes no content beside the one inside, and none at all neither', async () => {
    const wire = await entityBytes(signEntity(MAIL, ca.identity('p256'), { time: Date.now(), mode: 'opaque' }))
    const der = await decodeBase64(once(bodyOf(wire)), 1_000_000)
    const twice = verifySigned(der, once(Buffer.from('other')), { anchors: anchors(), at: Date.now() })
    await expect(twice).rejects.toMatchObject({ code: 'signature-invalid' })
  })
})

const WAYS: readonly EncryptOptions[] = [
  { content: 'cbc', keyTransport: 'oaep' },
  { content: 'cbc', keyTransport: 'pkcs1' },
  { content: 'gcm', keyTransport: 'oaep' },
  { content: 'gcm', keyTransport: 'pkcs1' },
]
const CASES = RECEIVERS.flatMap((name) => WAYS.map((way) => ({ name, ...way })))

describe('encrypting', () => {
  it.each(CASES)('openssl opens $name $content $keyTransport, and so do we', async ({ name, ...way }) => {
    const identity = ca.identity(name)
    const wire = await entityBytes(encryptEntity(MAIL, [identity.certificate], way))
    expect(
      wire
        .toString('latin1')
        .split('\r\n')
        .every((line) => line.length <= 78),
    ).toBe(true)
    writeFileSync(ca.path('e.eml'), wire)
    const opened = ca.run('cms', '-decrypt', '-in', 'e.eml', '-recip', `${name}.crt`, '-inkey', `${name}.key`)
    expect(opened.toString()).toBe(INNER)
    const der = await decodeBase64(once(bodyOf(wire)), 1_000_000)
    const ours = await decryptEnveloped(once(der), [identity])
    expect(ours.content.toString()).toBe(INNER)
    expect(ours.authenticated).toBe(way.content === 'gcm')
  })

  it('two recipients of different kinds open the same message, a third cannot', async () => {
    const pair = [ca.identity('rsa2048'), ca.identity('p384')]
    const wire = await entityBytes(
      encryptEntity(
        MAIL,
        pair.map(({ certificate }) => certificate),
      ),
    )
    writeFileSync(ca.path('two.eml'), wire)
    for (const name of ['rsa2048', 'p384']) {
      const opened = ca.run('cms', '-decrypt', '-in', 'two.eml', '-recip', `${name}.crt`, '-inkey', `${name}.key`)
      expect(opened.toString()).toBe(INNER)
    }
    const der = await decodeBase64(once(bodyOf(wire)), 1_000_000)
    await expect(decryptEnveloped(once(der), [ca.identity('p256')])).rejects.toMatchObject({
      code: 'decryption-failed',
    })
  })

  it('sign then encrypt: openssl takes off both layers', async () => {
    const identity = ca.identity('rsa2048')
    const signed = signEntity(MAIL, identity, { time: Date.now() })
    writeFileSync(ca.path('se.eml'), await entityBytes(encryptEntity(signed, [identity.certificate])))
    ca.run('cms', '-decrypt', '-in', 'se.eml', '-recip', 'rsa2048.crt', '-inkey', 'rsa2048.key', '-out', 's.eml')
    expect(ca.run('cms', '-verify', '-in', 's.eml', '-CAfile', 'ca.crt').toString()).toBe(INNER)
    expect(describeSignature(identity)).toBe('CMS SignedData, RSASSA-PKCS1-v1_5 SHA-256, CN=rsa2048')
    expect(describeEncryption([identity.certificate])).toBe(
      'CMS EnvelopedData, AES-256-CBC, RSAES-OAEP SHA-256 for CN=rsa2048',
    )
  })

  it('an Ed25519 certificate receives nothing and says so before a byte is written', () => {
    expect(() => encryptEntity(MAIL, [ca.identity('ed25519').certificate])).toThrow(/certificate-unusable/)
    expect(() => encryptEntity(MAIL, [])).toThrow(/key-missing/)
  })
})

const OPENSSL_WAYS = RECEIVERS.flatMap((name) =>
  ['-aes-128-cbc', '-aes-256-cbc', '-aes-128-gcm', '-aes-256-gcm'].flatMap((cipher) =>
    (name.startsWith('rsa')
      ? [
          [],
          ['-keyopt', 'rsa_padding_mode:oaep'],
          ['-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256'],
        ]
      : [[], ['-keyopt', 'ecdh_kdf_md:sha384']]
    ).map((options) => ({ name, cipher, options })),
  ),
)

const WRONG_KEY: Readonly<Record<string, readonly string[]>> = {
  rsa2048: ['RSA'],
  rsa3072: ['RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
  p256: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  p521: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
}

describe('decrypting', () => {
  it.each(OPENSSL_WAYS)('opens what openssl made: $name $cipher $options', async ({ name, cipher, options }) => {
    writeFileSync(ca.path('plain.txt'), INNER)
    for (const form of [[], ['-stream'], ['-keyid']]) {
      const how = ['-binary', '-in', 'plain.txt', '-outform', 'DER', '-out', 'o.der', cipher, ...form]
      ca.run('cms', '-encrypt', ...how, '-recip', `${name}.crt`, ...options)
      const opened = await decryptEnveloped(once(readFileSync(ca.path('o.der'))), [ca.identity(name)])
      expect(opened.content.toString()).toBe(INNER)
    }
  })

  it.each(CASES)(
    'one fault with one text for every failure: $name $content $keyTransport',
    async ({ name, ...way }) => {
      const identity = ca.identity(name)
      const der = await decodeBase64(
        once(bodyOf(await entityBytes(encryptEntity(MAIL, [identity.certificate], way)))),
        1_000_000,
      )
      ca.run('genpkey', '-algorithm', ...WRONG_KEY[name]!, '-out', 'wrong.key')
      const wrong = { ...identity, privateKey: createPrivateKey(readFileSync(ca.path('wrong.key'))) }
      const damagedKey = Buffer.from(der)
      // The encrypted content key: 40 wrapped octets for ECDH, a long OCTET STRING for RSA.
      const at = der.indexOf(Buffer.from(name.startsWith('rsa') ? [0x04, 0x82] : [0x04, 0x28]))
      expect(at).toBeGreaterThan(0)
      damagedKey[at + 10]! ^= 1
      const damagedContent = Buffer.from(der)
      damagedContent[der.length - 30]! ^= 1
      const outcomes = [
        decryptEnveloped(once(der), [wrong]),
        decryptEnveloped(once(damagedKey), [identity]),
        ...(way.content === 'gcm' ? [decryptEnveloped(once(damagedContent), [identity])] : []),
      ]
      for (const outcome of outcomes) {
        await expect(outcome).rejects.toMatchObject({ code: 'decryption-failed', message: 'decryption-failed' })
      }
    },
  )
})

describe('large mail of openssl', () => {
  it.each([
    ['rsa2048', '-aes-256-cbc'],
    ['p256', '-aes-256-gcm'],
  ] as const)('50 MB to %s with %s opens in constant memory', (name, cipher) => {
    large()
    const out = ['-outform', 'DER', '-out', 'enc.der', '-stream']
    ca.run('cms', '-encrypt', '-binary', '-in', 'large.in', cipher, ...out, '-recip', `${name}.crt`)
    const child = join(import.meta.dirname, '../support/smime-open.ts')
    const files = [ca.path(`${name}.crt`), ca.path(`${name}.key`), ca.path('enc.der'), ca.path('dec.out')]
    const { grownKb } = JSON.parse(execFileSync(process.execPath, [child, 'decrypt', ...files], { encoding: 'utf8' }))
    expect(readFileSync(ca.path('dec.out')).equals(readFileSync(ca.path('large.in')))).toBe(true)
    expect(grownKb).toBeLessThan(90 * 1024)
  })

  it.each(['rsa2048', 'p256'] as const)('50 MB signed with %s verifies in constant memory', (name) => {
    large()
    const key = ['-signer', `${name}.crt`, '-inkey', `${name}.key`, '-md', 'sha512', '-nodetach', '-stream']
    ca.run('cms', '-sign', '-binary', '-in', 'large.in', '-outform', 'DER', '-out', 'sig.der', ...key)
    const child = join(import.meta.dirname, '../support/smime-open.ts')
    const files = [ca.path('ca.crt'), ca.path(`${name}.key`), ca.path('sig.der'), ca.path('sig.out')]
    const { grownKb } = JSON.parse(execFileSync(process.execPath, [child, 'verify', ...files], { encoding: 'utf8' }))
    expect(readFileSync(ca.path('sig.out')).equals(readFileSync(ca.path('large.in')))).toBe(true)
    expect(grownKb).toBeLessThan(90 * 1024)
  })

  function large(): void {
    if (existsSync(ca.path('large.in'))) return
    const line = `${'0123456789'.repeat(7)}\r\n`
    writeFileSync(ca.path('large.in'), `Content-Type: text/plain\r\n\r\n${line.repeat(728_000)}`)
  }
})

describe('large mail', () => {
  it.each(['cbc', 'gcm'])('50 MB is signed and encrypted in constant memory (%s); openssl opens it', (content) => {
    const child = join(import.meta.dirname, '../support/smime-50mb.ts')
    const size = 50 * 1024 * 1024
    const files = [ca.path('rsa2048.crt'), ca.path('rsa2048.key'), ca.path('large.eml')]
    const out = execFileSync(process.execPath, [child, String(size), ...files, content], { encoding: 'utf8' })
    const { grownKb, cpuMs, sha256 } = JSON.parse(out) as { grownKb: number; cpuMs: number; sha256: string }
    console.log(`50 MB ${content}: ${cpuMs.toFixed(0)} ms CPU, ${(grownKb / 1024).toFixed(1)} MiB more memory`)
    expect(grownKb).toBeLessThan(40 * 1024)
    expect(statSync(ca.path('large.eml')).size).toBeGreaterThan(size)
    const key = ['-recip', 'rsa2048.crt', '-inkey', 'rsa2048.key']
    ca.run('cms', '-decrypt', '-in', 'large.eml', ...key, '-out', 'large.signed')
    ca.run('cms', '-verify', '-in', 'large.signed', '-CAfile', 'ca.crt', '-out', 'large.txt')
    const text = readFileSync(ca.path('large.txt'))
    const body = text.subarray(text.indexOf('\r\n\r\n') + 4)
    expect(createHash('sha256').update(body).digest('hex')).toBe(sha256)
  })
})
