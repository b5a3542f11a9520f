/**
 * What no tool of Debian reads (SEIPD version 2, version 6 keys, X448) against the openpgp library, whose
 * packets, session keys and modes are other code than ours.
 */
import {
  createMessage,
  decrypt,
  encrypt,
  enums,
  generateKey,
  type PartialConfig,
  readKey,
  readMessage,
  readPrivateKey,
} from 'openpgp'
import { expect, test } from 'vitest'
import { pgpEncryptEntity, pgpOpen } from '../../server/journey/transform/openpgp/index.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import { randomOf } from '../nightly/random.ts'

const time = Date.UTC(2026, 10, 20, 12)
const six = { v6Keys: true, aeadProtect: true }

async function identity(options: Partial<Parameters<typeof generateKey>[0]>): Promise<PgpIdentity> {
  const made = { userIDs: [{ email: 'a@x.example' }], date: new Date(time), ...options, format: 'armored' as const }
  const pair = await generateKey(made)
  return { armoredPrivate: pair.privateKey, armoredPublic: pair.publicKey, gateway: false }
}

const entity = (content: Buffer): Entity => ({
  header: [],
  async *body() {
    yield content
  },
})

/** Sizes around chunks, blocks and lengths. */
const SIZES = [0, 1, 190, 191, 8_383, 65_535, 65_536, 65_537, 200_000]

const KINDS: [string, Partial<Parameters<typeof generateKey>[0]>, PartialConfig][] = [
  ['version 6, X25519, OCB', { type: 'curve25519', config: six }, { preferredAEADAlgorithm: enums.aead.ocb }],
  ['version 6, X25519, GCM', { type: 'curve25519', config: { ...six, preferredAEADAlgorithm: enums.aead.gcm } }, {}],
  ['version 6, X25519, EAX', { type: 'curve25519', config: { ...six, preferredAEADAlgorithm: enums.aead.eax } }, {}],
  ['version 6, X448', { type: 'curve448', config: six }, {}],
  ['version 6, RSA', { type: 'rsa', rsaBits: 2048, config: six }, {}],
  ['version 6, P-384', { type: 'ecc', curve: 'nistP384', config: six }, {}],
  ['version 4, X25519 of RFC 9580', { type: 'curve25519' }, {}],
]

test.each(KINDS)('%s: each reads the other', async (_name, options, config) => {
  const reader = await identity(options)
  const publicKey = await readKey({ armoredKey: reader.armoredPublic })
  const privateKey = await readPrivateKey({ armoredKey: reader.armoredPrivate })
  for (const size of SIZES) {
    const content = randomOf(3, size).bytes(size)
    const theirs = await encrypt({
      message: await createMessage({ binary: content }),
      encryptionKeys: publicKey,
      signingKeys: privateKey,
      date: new Date(time),
      format: 'binary',
      config: { ...config, aeadChunkSizeByte: size % 2 ? 0 : 4 },
    })
    const opened = await pgpOpen(bytesOf(theirs).stream(), [reader], [reader.armoredPublic], { time })
    expect((await opened.content.read(0, opened.content.size)).equals(content)).toBe(true)
    expect(opened.signatures).toMatchObject([{ state: 'good' }])
    expect(opened.protection).toBe(options.config?.aeadProtect ? 'SEIPD version 2' : 'SEIPD version 1')
    await opened.content[Symbol.asyncDispose]()

    const ours = await pgpEncryptEntity(entity(content), [reader.armoredPublic], { time })
    const wire = Buffer.concat(await Array.fromAsync(ours.body())).toString('latin1')
    const armoredMessage = /-----BEGIN PGP MESSAGE-----[\s\S]*-----END PGP MESSAGE-----/.exec(wire)![0]
    const read = await decrypt({
      message: await readMessage({ armoredMessage }),
      decryptionKeys: privateKey,
      date: new Date(time),
      format: 'binary',
    })
    // The header of an entity ends with an empty line.
    expect(Buffer.from(read.data).equals(Buffer.concat([Buffer.from('\r\n'), content]))).toBe(true)
  }
})
