/** Damaged CMS, certificates and revocation lists: containers of ours and of OpenSSL's making, whole, in chunks, and rebuilt from their own elements. */
import { createPrivateKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeBase64,
  encryptEntity,
  openEnveloped,
  openSigned,
  signEntity,
} from '../../server/journey/transform/smime/index.ts'
import { type Element, readElement } from '../../server/keys/asn1/ber-read.ts'
import * as der from '../../server/keys/asn1/der.ts'
import { type Authority, createAuthority, issueCertificate, privateKeyOf } from '../../server/keys/authority.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import { crlOf, isSignedBy } from '../../server/keys/revocation.ts'
import type { SmimeIdentity } from '../../server/ports/keyring.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'
import { issueFor, type ModernKey } from '../support/issue-for.ts'
import { answered } from './answered.ts'
import { mutated, type Random } from './random.ts'

const NOW = Date.UTC(2027, 0, 1)
const DAY = 86_400_000
export const CONTENT = 'Content-Type: text/plain\r\n\r\nThe content that was protected.\r\n'
const CORPUS = join(import.meta.dirname, '../support/cms')

/** A container with what may come out of it. */
interface Sample {
  readonly bytes: Buffer
  /** Its integrity is its own: nothing but the content may come out. */
  readonly sealed: boolean
}

/** The samples in the repository, made by `openssl cms` 3.0, and who opens them. */
export function opensslSamples(): {
  readonly enveloped: ReadonlyMap<string, Buffer>
  readonly signed: ReadonlyMap<string, Buffer>
  readonly identities: readonly SmimeIdentity[]
  readonly anchor: ReturnType<typeof certificateOf>
  /** Revocation lists, and who signed them. */
  readonly lists: { readonly all: readonly Buffer[]; readonly authority: ReturnType<typeof certificateOf> }
} {
  const read = (name: string) => readFileSync(join(CORPUS, name))
  const names = readdirSync(CORPUS).filter((name) => name.endsWith('.der'))
  const of = (signed: boolean) =>
    new Map(names.filter((name) => name.startsWith('signed') === signed).map((name) => [name, read(name)]))
  const identities = ['rsa2048', 'p256'].map((name) => ({
    certificate: certificateOf(read(`${name}.crt`)),
    chain: [],
    privateKey: createPrivateKey(read(`${name}.key`)),
    gateway: false,
  }))
  const lists = {
    all: ['revoked.crl', 'revoked-v1.crl'].map(read),
    authority: certificateOf(read('crl-ca.crt')),
  }
  return { enveloped: of(false), signed: of(true), identities, anchor: certificateOf(read('ca.crt')), lists }
}

/** Values that a reader stumbles over: open ends, gigantic and overlong lengths, wrong and long tags, many levels. */
const MARKS = [
  [0x30, 0x80],
  [0x31, 0x80],
  [0, 0],
  [0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
  [0x04, 0x84, 0x7f, 0xff, 0xff, 0xff],
  [0x04, 0x88, 0, 0, 0, 0, 0, 0, 0, 1],
  [0x04, 0x82, 0x00, 0x01, 0x41],
  [0x1f, 0x81, 0x01, 0x00],
  [0xa0, 0x80],
  [0xa1, 0x80],
  [0xa4, 0x80],
  [0x24, 0x80],
  [0x24, 0x80, 0x24, 0x80, 0x04, 0x00, 0, 0, 0, 0],
  [0x04, 0x00],
  [0x80, 0x00],
  [0x02, 0x01, 0x00],
  [0x02, 0x01, 0xff],
  [0x31, 0x00],
  ...Array.from({ length: 3 }, (_, at) => Array.from({ length: 10 * 4 ** at }, () => [0x30, 0x80]).flat()),
].map((mark) => Buffer.from(mark))

export async function cms(): Promise<(random: Random) => Promise<void>> {
  const authority = await createAuthority({ organisation: 'Fuzz', now: NOW })
  const openssl = opensslSamples()
  const identities = [...(await ownIdentities(authority)), ...openssl.identities]
  const [rsa, p256, ...modern] = identities
  const whole = await entityBytes(entityOf(CONTENT))
  const derOf = async (entity: Parameters<typeof entityBytes>[0]) => {
    const wire = await entityBytes(entity)
    return decodeBase64(one(wire.subarray(wire.indexOf('\r\n\r\n') + 4)), 1_000_000)
  }
  const enveloped: Sample[] = [...openssl.enveloped].map(([name, bytes]) => ({ bytes, sealed: name.includes('gcm') }))
  const receivers = [rsa!, p256!, ...modern].filter(({ privateKey }) => receives(privateKey.asymmetricKeyType))
  for (const content of ['gcm', 'cbc'] as const) {
    const sets = [...receivers.map(({ certificate }) => [certificate]), receivers.map(({ certificate }) => certificate)]
    for (const certificates of sets) {
      const bytes = await derOf(encryptEntity(entityOf(CONTENT), certificates, { content }))
      enveloped.push({ bytes, sealed: content === 'gcm' })
    }
  }
  const signed = [...openssl.signed.values()]
  for (const identity of identities.filter(({ privateKey }) => signs(privateKey.asymmetricKeyType)))
    signed.push(await derOf(signEntity(entityOf(CONTENT), identity, { time: NOW, mode: 'opaque' })))
  const certificates = identities.map(({ certificate }) => certificate.raw)
  const honest = new Set(openssl.lists.all.map((list) => crlOf(list).tbs.toString('latin1')))
  const options = { anchors: [authority.certificate, openssl.anchor], at: NOW }
  const samples = [...enveloped.map(({ bytes }) => bytes), ...signed]

  return async (random) => {
    const kind = random.below(5)
    const damaged = (original: Buffer) =>
      random.below(4) === 0 ? rebuilt(random, original, samples) : mutated(random, [original], MARKS)
    if (kind < 2) {
      const { bytes, sealed } = random.pick(enveloped)
      const legacy = { tripleDes: random.below(2) === 0 }
      const opened = await answered(() => openEnveloped(chunked(random, damaged(bytes)), identities, { legacy }))
      if (!opened) return
      await using content = opened.content
      // CBC has no integrity of its own; GCM must not give out anything but what was sealed.
      const text = await content.read(0, content.size)
      if (sealed && opened.authenticated && !text.equals(whole)) throw new Error('altered content was opened')
    } else if (kind < 4) {
      const verified = await answered(() => openSigned(chunked(random, damaged(random.pick(signed))), options))
      if (!verified) return
      await using content = verified.content
      const text = await content.read(0, content.size)
      if (verified.signers.length === 0 || !text.equals(whole)) throw new Error('altered content was verified')
    } else if (random.below(2) === 0) {
      await answered(() => certificateOf(mutated(random, certificates, MARKS)))
    } else {
      const list = await answered(() => crlOf(mutated(random, openssl.lists.all, MARKS)))
      if (list && isSignedBy(list, openssl.lists.authority) && !honest.has(list.tbs.toString('latin1')))
        throw new Error('an altered list is signed')
    }
  }
}

async function ownIdentities(authority: Authority): Promise<SmimeIdentity[]> {
  const times = { address: 'a@x.example', notBefore: NOW - DAY, notAfter: NOW + DAY }
  const usual = (['rsa2048', 'p256'] as const).map(async (keyType) => {
    const issued = await issueCertificate(authority, { ...times, name: 'A', keyType })
    const certificate = certificateOf(issued.certificate)
    return { certificate, chain: [], privateKey: privateKeyOf(issued.privateKey), gateway: false }
  })
  const kinds: readonly ModernKey[] = ['x25519', 'ml-kem-768', 'ed25519', 'ml-dsa-44']
  return Promise.all([...usual, ...kinds.map((kind) => issueFor(authority, kind, times))])
}

const receives = (type = '') => ['rsa', 'ec', 'x25519', 'ml-kem-768'].includes(type)
const signs = (type = '') => ['rsa', 'ec', 'ed25519', 'ml-dsa-44'].includes(type)

async function* one(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data
}

/** The bytes in one piece or in many of any size, as a network brings them. */
function chunked(random: Random, data: Buffer): () => AsyncGenerator<Buffer> {
  const size = random.below(2) === 0 ? data.length : 1 + random.below(64)
  return async function* () {
    for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
  }
}

/** The same tree with an element doubled, dropped, wrapped in itself, swapped with its neighbour or for one of elsewhere, in any form of length. */
function rebuilt(random: Random, original: Buffer, samples: readonly Buffer[]): Buffer {
  const root = readElement(original, { encoding: 'ber' })
  const elements = flat(root)
  const target = random.pick(elements)
  const other = random.pick(flat(readElement(random.pick(samples), { encoding: 'ber' })))
  const act = random.below(5)
  const write = (element: Element): Buffer => {
    if (element === target) {
      if (act === 0) return Buffer.concat([element.bytes, element.bytes])
      if (act === 1) return Buffer.alloc(0)
      if (act === 2) return der.tagged(element.tag | 0x20, element.bytes)
      if (act === 3) return other.bytes
    }
    if (element.children.length === 0) return element.bytes
    const children = element.children.map(write)
    if (element === target) children.reverse()
    return random.below(4) === 0
      ? Buffer.concat([der.open(element.tag), ...children, der.END])
      : der.tagged(element.tag, ...children)
  }
  return write(root)
}

const flat = (element: Element): Element[] => [element, ...element.children.flatMap(flat)]
