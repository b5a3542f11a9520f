/** Work of the gateway's event loop with keys: of mail that is large, and of lists of revoked certificates. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { hashOf } from '../../server/journey/seal/body-hash.ts'
import { signHeader } from '../../server/journey/seal/dkim.ts'
import * as pgp from '../../server/journey/transform/openpgp/index.ts'
import { encryptedContainer } from '../../server/journey/transform/pdf/container.ts'
import { lockedZip } from '../../server/journey/transform/pdf/locked-zip.ts'
import { plainPage } from '../../server/journey/transform/pdf/plain-page.ts'
import * as smime from '../../server/journey/transform/smime/index.ts'
import { readElement } from '../../server/keys/asn1/ber-read.ts'
import * as der from '../../server/keys/asn1/der.ts'
import { OID } from '../../server/keys/asn1/oids.ts'
import { createAuthority, issueCertificate, privateKeyOf } from '../../server/keys/authority.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import { findSignedBy } from '../../server/keys/revocation.ts'
import { crlRecord } from '../../server/keys/revocation-record.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { rawField } from '../../server/mime/header.ts'
import { writeEntity } from '../../server/mime/write.ts'
import { bytesOf, gathered } from '../../server/ports/bytes.ts'
import type { DocumentPage } from '../../server/ports/document.ts'
import type { LongWork } from './long-work.ts'

const MB = 1_048_576
const NOW = Date.UTC(2026, 5, 1)
const YEAR = 365 * 86_400_000
const ADDRESS = 'a@x.example'
const LINE = `${'x'.repeat(74)}\r\n`

const linesOf = (size: number) => Buffer.from(LINE.repeat(Math.floor(size / LINE.length)))

/** A text of so many bytes, in memory as a mail that came a moment ago. */
const textOf = (size: number): Entity => {
  const body = bytesOf(linesOf(size))
  return { header: [rawField('Content-Type', 'text/plain')], size: body.size, body: () => body.stream() }
}

async function drained(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) if (piece.length < 0) throw new Error('never')
}

async function smimeIdentity() {
  const authority = await createAuthority({ organisation: 'Test', now: NOW })
  const request = { address: ADDRESS, name: 'A', keyType: 'rsa2048', notBefore: NOW, notAfter: NOW + YEAR } as const
  const { certificate, privateKey } = await issueCertificate(authority, request)
  const anchors = [authority.certificate]
  const identity = {
    certificate: certificateOf(certificate),
    chain: [],
    privateKey: privateKeyOf(privateKey),
    gateway: false,
  }
  return { identity, anchors }
}

/** Of so many people, with keys that many have. */
async function certificatesOf(people: number) {
  const authority = await createAuthority({ organisation: 'Test', now: NOW })
  const request = { name: 'A', keyType: 'p256', notBefore: NOW, notAfter: NOW + YEAR } as const
  const issued = Array.from({ length: people }, async (_, at) => {
    const { certificate } = await issueCertificate(authority, { ...request, address: `a${at}@x.example` })
    return certificateOf(certificate)
  })
  return Promise.all(issued)
}

/** A signed text; so many certificates of strangers came along. */
async function smimeSigned(size: number, strangers = 0) {
  const { identity, anchors } = await smimeIdentity()
  const signer = { ...identity, chain: await certificatesOf(strangers) }
  const signed = await gathered(writeEntity(smime.signEntity(textOf(size), signer, { time: NOW })))
  const boundary = /boundary="([^"]+)"/.exec(signed.toString('latin1', 0, 2_000))![1]!
  const source = bytesOf(signed)
  return async () => {
    const { content, signature } = await smime.splitSigned(source, boundary, signed.indexOf('\r\n\r\n') + 4)
    const part = (await source.read(signature.start, signature.end)).toString('latin1')
    const detached = Buffer.from(part.slice(part.indexOf('\r\n\r\n')), 'base64')
    await smime.verifySigned(detached, source.stream(content.start, content.end), { anchors, at: NOW + 1 })
  }
}

const pgpKey = () => pgp.generatePgpKey({ name: 'A', address: ADDRESS, time: NOW, kind: 'ecc' })

const noise = (size: number) => {
  const bytes = Buffer.alloc(size)
  for (let at = 0, x = 1; at < size; at++) bytes[at] = x = (x * 16_807) % 2_147_483_647
  return bytes
}

const fileOf = (size: number) => {
  const bytes = bytesOf(noise(size))
  return { name: 'a.bin', mediaType: 'application/octet-stream', size, stream: () => bytes.stream() }
}

const PAGE: DocumentPage = {
  language: 'en',
  from: ADDRESS,
  to: [ADDRESS],
  subject: 'S',
  date: NOW,
  text: 'words',
  files: [],
}

/** A list of so many revoked certificates. */
async function revocationList(entries: number) {
  const authority = await createAuthority({ organisation: 'Test', now: NOW })
  const [tbsCertificate] = readElement(authority.certificate.raw, { encoding: 'der' }).children
  // version, serial number, signature, issuer (RFC 5280 4.1)
  const issuer = tbsCertificate!.children[3]!.bytes
  const when = der.time(NOW)
  const serial = (at: number) => der.integer(Buffer.from([0x40, at >> 16, at >> 8, at]))
  const revoked = Array.from({ length: entries }, (_, at) => der.sequence(serial(at), when))
  const algorithm = der.algorithm(OID.ecdsaSha384)
  const tbs = der.sequence(
    der.integer(1),
    algorithm,
    issuer,
    when,
    der.time(NOW + YEAR),
    der.sequence(Buffer.concat(revoked)),
  )
  const list = der.sequence(tbs, algorithm, der.bitString(sign('sha384', tbs, authority.privateKey)))
  return { list, authority }
}

export const longCrypto: readonly LongWork[] = [
  {
    name: 'smime_sign_1m',
    turns: 0,
    prepare: async () => {
      const { identity } = await smimeIdentity()
      const entity = textOf(1.25 * MB)
      return () => drained(writeEntity(smime.signEntity(entity, identity, { time: NOW })))
    },
  },
  {
    name: 'smime_sign_opaque_1m',
    turns: 0,
    prepare: async () => {
      const { identity } = await smimeIdentity()
      const entity = textOf(1.25 * MB)
      return () => drained(writeEntity(smime.signEntity(entity, identity, { time: NOW, mode: 'opaque' })))
    },
  },
  ...(['cbc', 'gcm'] as const).map((content) => ({
    name: `smime_encrypt_${content}_1m`,
    turns: 6,
    prepare: async () => {
      const { identity } = await smimeIdentity()
      const entity = textOf(1.25 * MB)
      return () => drained(writeEntity(smime.encryptEntity(entity, [identity.certificate], { content })))
    },
  })),
  ...(['cbc', 'gcm'] as const).map((content) => ({
    name: `smime_decrypt_${content}_1m`,
    turns: 0,
    prepare: async () => {
      const { identity } = await smimeIdentity()
      const envelope = smime.envelopeTo([identity.certificate], { content })
      const source = bytesOf(
        await gathered(
          envelope(bytesOf(Buffer.from(`Content-Type: text/plain\r\n\r\n${linesOf(1.25 * MB)}`)).stream()),
        ),
      )
      return async () => {
        const { content } = await smime.openEnveloped(() => source.stream(), [identity])
        await drained(content.stream())
        await content[Symbol.asyncDispose]()
      }
    },
  })),
  {
    name: 'smime_encrypt_for_1000',
    turns: 300,
    prepare: async () => {
      const some = await certificatesOf(20)
      const entity = textOf(LINE.length)
      const all = Array.from({ length: 1_000 }, (_, at) => some[at % some.length]!)
      return () => drained(writeEntity(smime.encryptEntity(entity, all)))
    },
  },
  { name: 'smime_verify_64_certificates', turns: 20, prepare: () => smimeSigned(LINE.length, 63) },
  { name: 'smime_verify_1m', turns: 10, prepare: () => smimeSigned(1.25 * MB) },
  { name: 'smime_verify_16m', turns: 0, prepare: () => smimeSigned(16 * MB) },
  {
    name: 'pgp_sign_1m',
    turns: 0,
    prepare: async () => {
      const key = await pgpKey()
      const entity = textOf(1.25 * MB)
      return async () => drained(writeEntity(await pgp.pgpSignEntity(entity, key, { time: NOW + 1_000 })))
    },
  },
  {
    name: 'pgp_encrypt_1m',
    turns: 0,
    prepare: async () => {
      const key = await pgpKey()
      const entity = textOf(1.25 * MB)
      const options = { sign: key, time: NOW + 1_000 }
      return async () => drained(writeEntity(await pgp.pgpEncryptEntity(entity, [key.armoredPublic], options)))
    },
  },
  {
    name: 'pgp_decrypt_1m',
    turns: 0,
    prepare: async () => {
      const key = await pgpKey()
      const options = { sign: key, time: NOW + 1_000 }
      const sealed = await pgp.pgpEncryptEntity(textOf(1.25 * MB), [key.armoredPublic], options)
      const whole = (await gathered(sealed.body())).toString('latin1')
      const source = bytesOf(
        Buffer.from(whole.slice(whole.indexOf('-----BEGIN'), whole.lastIndexOf('\r\n--')), 'latin1'),
      )
      return async () => {
        const opened = await pgp.pgpOpen(source.stream(), [key], [key.armoredPublic], { time: NOW + 1_000 })
        await drained(opened.content.stream())
        await opened.content[Symbol.asyncDispose]()
      }
    },
  },
  {
    name: 'pgp_encrypt_for_200',
    turns: 50,
    prepare: async () => {
      const keys = await Promise.all(Array.from({ length: 200 }, pgpKey))
      const armored = keys.map(({ armoredPublic }) => armoredPublic)
      const entity = textOf(LINE.length)
      return async () => drained(writeEntity(await pgp.pgpEncryptEntity(entity, armored, { time: NOW + 1_000 })))
    },
  },
  {
    name: 'pgp_decrypt_of_256',
    turns: 80,
    prepare: async () => {
      const key = await pgp.generatePgpKey({ name: 'A', address: ADDRESS, time: NOW, kind: 'rsa3072' })
      // Nobody is named: the key is tried on each.
      const options = { hidden: Array.from({ length: 255 }, () => key.armoredPublic), time: NOW + 1_000 }
      const sealed = await pgp.pgpEncryptEntity(textOf(LINE.length), [key.armoredPublic], options)
      const whole = (await gathered(sealed.body())).toString('latin1')
      const message = whole.slice(whole.indexOf('-----BEGIN'), whole.lastIndexOf('\r\n--'))
      const source = bytesOf(Buffer.from(message, 'latin1'))
      return async () => {
        const opened = await pgp.pgpOpen(source.stream(), [key], [], { time: NOW + 1_000 })
        await opened.content[Symbol.asyncDispose]()
      }
    },
  },
  {
    name: 'pgp_verify_1m',
    turns: 6,
    prepare: async () => {
      const key = await pgpKey()
      const signed = await pgp.pgpSignEntity(textOf(1.25 * MB), key, { time: NOW + 1_000 })
      const whole = await gathered(signed.body())
      const first = whole.indexOf('\r\n') + 2
      const last = whole.indexOf('\r\n--pgp', first)
      const signature = whole.subarray(whole.indexOf('-----BEGIN PGP SIG'))
      const content = bytesOf(whole.subarray(first, last))
      return () => pgp.pgpVerify(content, signature, [key.armoredPublic], { time: NOW + 1_000 })
    },
  },
  {
    name: 'pdf_container_8m',
    turns: 40,
    prepare: async () => {
      const page = await plainPage(PAGE)
      const options = { page, files: [fileOf(8 * MB)], userPassword: 'user', ownerPassword: 'owner', time: NOW }
      return async () => drained((await encryptedContainer(options)).stream())
    },
  },
  {
    name: 'locked_zip_8m',
    turns: 0,
    prepare: () => {
      const zip = { files: [fileOf(8 * MB)], password: 'password', time: NOW }
      return () => drained(lockedZip(zip).stream())
    },
  },
  {
    name: 'body_hash_8m',
    turns: 100,
    prepare: () => {
      const body = bytesOf(linesOf(8 * MB))
      return () => hashOf(body.stream())
    },
  },
  {
    name: 'dkim_folds_256k',
    turns: 0,
    prepare: async () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const key = {
        domain: 'x.example',
        selector: 's',
        algorithm: 'rsa-sha256',
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        when: 'always',
      } as const
      const folded = { name: 'to', raw: Buffer.from(`To: a@x.example${'\r\n ,'.repeat(60_000)}`) }
      const header = [rawField('From', ADDRESS), folded]
      return () => signHeader(header, Buffer.alloc(32).toString('base64'), [key], NOW)
    },
  },
  {
    name: 'crl_8m',
    turns: 0,
    prepare: async () => {
      const { list, authority } = await revocationList(340_000)
      return async () => {
        const read = await crlRecord(list, NOW)
        if (!(await findSignedBy(read.list, authority.certificate))) throw new Error('the list is signed')
      }
    },
  },
]
