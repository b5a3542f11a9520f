/** Damaged mail that was signed and encrypted, inside of each other: only what its sender signed may come out as good. */
import { openMail } from '../../server/journey/transform/open/index.ts'
import { generatePgpKey, pgpEncryptEntity, pgpSignEntity } from '../../server/journey/transform/openpgp/index.ts'
import { encryptEntity, signEntity } from '../../server/journey/transform/smime/index.ts'
import { createAuthority, issueCertificate, privateKeyOf } from '../../server/keys/authority.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'
import { answered } from './answered.ts'
import { mutated, type Random } from './random.ts'

const NOW = Date.UTC(2027, 0, 1)
const DAY = 86_400_000
const BOB = 'bob@x.example'
const WORDS = 'The content that was protected.'
const CONTENT = `Content-Type: text/plain\r\n\r\n${WORDS}\r\n`
const MARKS = [
  ...[
    '\r\n',
    '\r\n\r\n',
    '--',
    ';',
    '"',
    '=',
    '\0',
    '\xff',
    'From: eve@x.example\r\n',
    `From: ${BOB}\r\n`,
    'Subject: x\r\n',
  ],
  ...[
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n',
    'Content-Type: text/html\r\n',
    '\r\n--b--\r\n',
    'boundary=',
  ],
  ...['Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n', 'multipart/signed', 'multipart/encrypted'],
  ...['protocol="application/pgp-signature"', 'Content-Transfer-Encoding: base64\r\n', 'message/rfc822', 'smime.p7m'],
  ...['-----BEGIN PGP MESSAGE-----\r\n', '-----BEGIN PGP SIGNED MESSAGE-----\r\n', '-----END PGP SIGNATURE-----\r\n'],
]

/** Takes one input; throws when other words than those that were signed are called good, or closed content comes out. */
export async function open(): Promise<(random: Random) => Promise<void>> {
  const authority = await createAuthority({ organisation: 'Fuzz', now: NOW })
  const times = { address: BOB, notBefore: NOW - DAY, notAfter: NOW + DAY }
  const issued = await issueCertificate(authority, { ...times, name: 'Bob', keyType: 'p256' })
  const certificate = certificateOf(issued.certificate)
  const smime = { certificate, chain: [], privateKey: privateKeyOf(issued.privateKey), gateway: false }
  const pgp = await generatePgpKey({ name: 'Bob', address: BOB, time: NOW - DAY, kind: 'ecc' })
  const known = { pgp: [pgp.armoredPublic], certificates: [], revoked: new Set<string>() }
  const keys = { smime: [smime], pgp: [pgp], anchors: [authority.certificate], verification: async () => known }

  const entity = async (made: Entity | Promise<Entity>) => (await entityBytes(await made)).toString('latin1')
  const wraps: readonly ((inner: string) => Promise<string>)[] = [
    (inner) => entity(signEntity(entityOf(inner), smime, { time: NOW })),
    (inner) => entity(signEntity(entityOf(inner), smime, { time: NOW, mode: 'opaque' })),
    (inner) => entity(pgpSignEntity(entityOf(inner), pgp, { time: NOW })),
    (inner) => entity(encryptEntity(entityOf(inner), [certificate], { content: 'gcm' })),
    (inner) => entity(encryptEntity(entityOf(inner), [certificate], { content: 'cbc' })),
    (inner) => entity(pgpEncryptEntity(entityOf(inner), [pgp.armoredPublic], { time: NOW })),
    (inner) => entity(pgpEncryptEntity(entityOf(inner), [pgp.armoredPublic], { sign: pgp, time: NOW })),
    async (inner) =>
      `Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n${inner}\r\n--m\r\n\r\nfooter\r\n--m--\r\n`,
  ]
  const mails: Buffer[] = []
  for (const outer of wraps) {
    const once = await outer(CONTENT)
    mails.push(mailOf(once))
    for (const inner of wraps) mails.push(mailOf(await outer(await inner(CONTENT))))
  }
  const armored = (
    await entity(pgpEncryptEntity(entityOf(CONTENT), [pgp.armoredPublic], { sign: pgp, time: NOW }))
  ).match(/-----BEGIN PGP MESSAGE-----[\s\S]+-----END PGP MESSAGE-----\r\n/)
  mails.push(mailOf(`Content-Type: text/plain\r\n\r\n${armored?.[0]}`))

  // What was signed, as it comes out of mail that nobody damaged.
  const honest = new Set<string>()
  for (const mail of mails) {
    await using opened = await openMail(bytesOf(mail), keys, { at: NOW, from: BOB })
    if (opened.content && opened.verdict.state === 'good') honest.add(bodyOf(await entityBytes(opened.content)))
  }

  return async (random) => {
    const bytes = random.below(8) === 0 ? Buffer.from(random.pick(mails)) : mutated(random, mails, MARKS)
    await answered(async () => {
      await using opened = await openMail(bytesOf(bytes), keys, { at: NOW, from: BOB })
      const { verdict, layers, content, readable, subject } = opened
      const closed = layers.some(({ state }) => state === 'broken' || state === 'undecryptable' || state === 'too-deep')
      if (closed && (content ?? readable ?? subject) !== null) throw new Error('closed content came out')
      if (content === null || verdict.state !== 'good') return
      const text = bodyOf(await entityBytes(content))
      if (!honest.has(text)) throw new Error(`other words are good: ${text.slice(0, 200)}`)
      // A header with another case of its letters is still his; what only some readers take for his address is not.
      const { address = null } = verdict.signer ?? {}
      if (address?.toLowerCase() !== BOB) throw new Error(`good, and by nobody: ${JSON.stringify(address)}`)
    })
  }
}

/** The header is signed with it, or made by us. */
const bodyOf = (entity: Buffer) => entity.toString('latin1', entity.indexOf('\r\n\r\n'))

const mailOf = (entity: string) =>
  Buffer.from(`From: Bob <${BOB}>\r\nTo: a@x.example\r\nSubject: Words\r\nMIME-Version: 1.0\r\n${entity}`, 'latin1')
