/** Damaged OpenPGP: whole messages, packets inside of sound encryption, signatures, signed texts, certificates. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync, deflateSync } from 'node:zlib'
import { generateKey } from 'openpgp'
import {
  generatePgpKey,
  pgpBlocksOf,
  pgpCheckSignature,
  pgpEncryptEntity,
  pgpKeyState,
  pgpOpen,
  pgpReadSigned,
  pgpReadSignedText,
  pgpSignEntity,
} from '../../server/journey/transform/openpgp/index.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'
import { answered } from './answered.ts'
import { mutated, type Random } from './random.ts'

const NOW = Date.UTC(2026, 10, 23)
const DAY = 86_400_000
const CONTENT = 'Content-Type: text/plain\r\n\r\nThe content that was protected.\r\n'
const TEXT = 'Guten Tag,\r\n- ein Strich\r\nzweite Zeile'
/** The samples of RFC 9580: other programs made them. */
const SAMPLES = join(import.meta.dirname, '../conformance/openpgp-rfc9580')

const MARKS = [
  ...['-----BEGIN PGP MESSAGE-----\n', '-----END PGP MESSAGE-----', '-----BEGIN PGP SIGNATURE-----\n', '- ', '\n-'],
  ...['-----BEGIN PGP SIGNED MESSAGE-----\n', 'Hash: SHA512\n', '\n\n', '=', '=AAAA', 'Version: 1\n', ' \r\n'],
  ...['\xc1\xff\xff\xff\xff\xff', '\xd2\xe1', '\xa3\x03', '\xcb\xff', '\xd4\x00', '\xc2', '\0', '\xe9', '\xfe'],
  ...['\xc9\xff\xff\xff\xff\xff', '\xcb\x08b\0\0\0\0\0xx', '\xc8\x02\x03BZh9', '\xc4\x0d\x03\0\x08\x16', '\xd5\x01\0'],
]

/** Takes one input; throws when a reader does what it must not. */
export async function openpgp(): Promise<(random: Random) => Promise<void>> {
  const key = await generatePgpKey({ name: 'A', address: 'a@x.example', time: NOW - DAY, kind: 'ecc' })
  const rsa = await identity({ type: 'rsa', rsaBits: 2048 })
  const six = await identity({ type: 'curve25519', config: { v6Keys: true, aeadProtect: true } })
  const identities = [key, rsa, six]
  const publics = identities.map(({ armoredPublic }) => armoredPublic)
  const inner = () => entityOf(CONTENT)

  const sealed: Buffer[] = []
  for (const reader of identities) {
    const wire = await entityBytes(await pgpEncryptEntity(inner(), [reader.armoredPublic], { sign: key, time: NOW }))
    const armored = armorIn(wire, 'MESSAGE')
    sealed.push(armored, dearmored(armored))
  }
  const signature = armorIn(await entityBytes(await pgpSignEntity(inner(), key, { time: NOW })), 'SIGNATURE')
  const signatures = [signature, dearmored(signature)]
  const textSignature = await signatureOver(TEXT, key)
  const texts = [Buffer.from(`oben\r\n\r\n${signedText(TEXT, textSignature)}\r\nunten\r\n`, 'latin1')]
  const plain = Buffer.from(CONTENT)
  const literal = Buffer.concat([Buffer.of(0xcb, plain.length + 6, 0x62, 0, 0, 0, 0, 0), plain])
  // A signature may stand before what it signs (RFC 9580 10.3): no one-pass packet is needed.
  const signed = Buffer.concat([dearmored(signature), literal])
  const packed = (algorithm: number, bytes: Buffer) => Buffer.concat([Buffer.of(0xa3, algorithm), bytes])
  const messages = [
    signed,
    packed(1, deflateRawSync(signed)),
    packed(2, deflateSync(signed)),
    packed(3, execFileSync('bzip2', ['-9'], { input: signed })),
    packed(0, packed(1, deflateRawSync(signed))),
  ]
  const samples = readdirSync(SAMPLES).map((name) => readFileSync(join(SAMPLES, name)))
  const others = [...sealed, ...signatures, ...texts, ...samples]

  async function opens(random: Random) {
    const bytes = mutated(random, random.below(6) === 0 ? others : sealed, MARKS)
    const opened = await answered(() => pgpOpen(bytesOf(bytes).stream(), identities, publics, { time: NOW }))
    if (!opened) return
    const content = await opened.content.read(0, opened.content.size)
    await opened.content[Symbol.asyncDispose]()
    if (content.toString('latin1') !== CONTENT) throw new Error('altered content was opened')
  }

  /** As after sound encryption: whoever has the public key can seal anything. */
  async function reads(random: Random) {
    const bytes = mutated(random, messages, MARKS)
    if ((bytes[0] ?? 0) < 0x80) return
    const most = 1_048_576
    const read = await answered(() => pgpReadSigned(bytesOf(bytes).stream(), publics, { time: NOW, most }))
    if (!read) return
    const content = await read.content.read(0, read.content.size)
    await read.content[Symbol.asyncDispose]()
    if (content.length > most) throw new Error('more came out than may')
    if (read.signatures.some(({ state }) => state === 'good') && content.toString('latin1') !== CONTENT) {
      throw new Error('a signature over other content is good')
    }
  }

  async function checks(random: Random) {
    // The armor's own lines may change; over other content no signature may be good.
    const other = bytesOf(Buffer.from(`${CONTENT}.`))
    const bytes = mutated(random, signatures, MARKS)
    const found = await answered(() => pgpCheckSignature(other, bytes, publics, { time: NOW }))
    if (found?.some(({ state }) => state === 'good')) throw new Error('a signature over other content is good')
  }

  async function blocks(random: Random) {
    const bytes = mutated(random, random.below(4) === 0 ? others : texts, MARKS)
    let last = 0
    for (const { kind, start, end } of await pgpBlocksOf(bytes)) {
      if (start < last || end <= start || end > bytes.length) throw new Error('blocks out of order')
      last = end
      if (kind !== 'signed-text') continue
      const read = await answered(() => pgpReadSignedText(bytes.subarray(start, end), publics, { time: NOW }))
      const good = read?.signatures.some(({ state }) => state === 'good')
      if (good && read?.content.toString('latin1') !== TEXT && !isSample(read!.content)) {
        throw new Error('a signature over another text is good')
      }
    }
  }

  const binaryKey = dearmored(Buffer.from(key.armoredPublic))
  async function certificates(random: Random) {
    const bad = mutated(random, [binaryKey], MARKS).toString('base64')
    const armored = `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${bad}\n-----END PGP PUBLIC KEY BLOCK-----\n`
    if ((await pgpKeyState(armored, 'b@x.example', NOW)) === 'valid') throw new Error('a key for another address')
  }

  return async (random) => {
    const kind = random.below(16)
    if (kind < 5) await opens(random)
    else if (kind < 10) await reads(random)
    else if (kind < 12) await checks(random)
    else if (kind < 15) await blocks(random)
    else await certificates(random)
  }
}

const isSample = (content: Buffer) => content.toString('latin1').startsWith('What we need from the grocery store:')

async function identity(options: Partial<Parameters<typeof generateKey>[0]>): Promise<PgpIdentity> {
  const made = {
    userIDs: [{ email: 'a@x.example' }],
    date: new Date(NOW - DAY),
    ...options,
    format: 'armored' as const,
  }
  const pair = await generateKey(made)
  return { armoredPrivate: pair.privateKey, armoredPublic: pair.publicKey, gateway: false }
}

function armorIn(wire: Buffer, type: string): Buffer {
  const text = wire.toString('latin1')
  const found = new RegExp(`-----BEGIN PGP ${type}-----[\\s\\S]+-----END PGP ${type}-----\\r?\\n`).exec(text)
  return Buffer.from(found![0], 'latin1')
}

function dearmored(armored: Buffer): Buffer {
  const body = armored.toString('latin1').split(/\r?\n\r?\n/)[1]!
  return Buffer.from(
    body
      .split(/\r?\n/)
      .filter((line) => !/^[=-]/.test(line))
      .join(''),
    'base64',
  )
}

/** A signature of type text, which the writers do not make: the library does. */
async function signatureOver(text: string, { armoredPrivate }: PgpIdentity): Promise<string> {
  const { createCleartextMessage, readPrivateKey, sign } = await import('openpgp')
  const signingKeys = await readPrivateKey({ armoredKey: armoredPrivate })
  const message = await createCleartextMessage({ text })
  const whole = await sign({ message, signingKeys, date: new Date(NOW) })
  return whole.slice(whole.indexOf('-----BEGIN PGP SIGNATURE-----'))
}

const signedText = (text: string, signature: string) =>
  `-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\n${text.replaceAll(/^-/gm, '- -')}\r\n${signature}`
