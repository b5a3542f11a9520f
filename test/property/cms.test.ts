/** Round trips of the DER writer and the CMS containers; hostile bytes end in a Fault and never in altered content. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  decodeBase64,
  decryptEnveloped,
  encryptEntity,
  signEntity,
  splitSigned,
  verifySigned,
} from '../../server/journey/transform/smime/index.ts'
import { type Element, readElement } from '../../server/keys/asn1/ber-read.ts'
import { readCertificateFields } from '../../server/keys/asn1/certificate-read.ts'
import * as der from '../../server/keys/asn1/der.ts'
import { oidValue, smallInteger, timeValue } from '../../server/keys/asn1/values.ts'
import { createAuthority, issueCertificate, type KeyType, privateKeyOf } from '../../server/keys/authority.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { SmimeIdentity } from '../../server/ports/keyring.ts'
import { Fault } from '../../shared/fault/index.ts'
import { entityBytes } from '../support/entity-bytes.ts'

const NOW = Date.now()
const RUNS = 2_000
const bytes = (maxLength = 300) => fc.uint8Array({ maxLength })

/** The value, or null for a Fault; anything else that is thrown fails the test. */
async function orFault<T>(work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Fault && error.code !== 'internal') return null
    throw error
  }
}

const once = async function* (data: Uint8Array) {
  yield data
}

type Tree = { readonly leaf: Uint8Array } | { readonly children: readonly Tree[] }
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    fc.record({ leaf: bytes(200) }),
    fc.record({ children: fc.array(tie('tree'), { maxLength: 5 }) }),
  ),
}))

function written(node: Tree, indefinite: boolean): Buffer {
  if ('leaf' in node) return der.octetString(node.leaf)
  const children = node.children.map((child) => written(child, indefinite))
  return indefinite ? Buffer.concat([der.open(0x30), ...children, der.END]) : der.sequence(...children)
}

function read(element: Element): Tree {
  return element.tag === der.TAG.octetString
    ? { leaf: new Uint8Array(element.content) }
    : { children: element.children.map(read) }
}

describe('DER', () => {
  it('what is written is read', () => {
    fc.assert(
      fc.property(tree, fc.boolean(), (node, indefinite) => {
        const encoding = written(node, indefinite)
        expect(read(readElement(encoding, { encoding: indefinite ? 'ber' : 'der' }))).toEqual(node)
      }),
      { numRuns: RUNS },
    )
  })

  it('integers, times and identifiers keep their value', () => {
    const parse = (encoding: Buffer) => readElement(encoding, { encoding: 'der' })
    const arcs = fc.tuple(fc.nat(1), fc.nat(39), fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 8 }))
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), arcs, fc.integer({ min: 0, max: 4_000_000_000 }), (n, [a, b, rest], seconds) => {
        expect(smallInteger(parse(der.integer(n)))).toBe(n)
        expect(oidValue(parse(der.oid([a, b, ...rest].join('.'))))).toBe([a, b, ...rest].join('.'))
        expect(timeValue(parse(der.time(seconds * 1000)))).toBe(seconds * 1000)
      }),
      { numRuns: RUNS },
    )
  })

  it('the reader answers random bytes with a value or container-malformed', async () => {
    await fc.assert(
      fc.asyncProperty(bytes(), fc.constantFrom('ber', 'der'), async (data, encoding) => {
        await orFault(() => readElement(data, { encoding }))
        await orFault(() => readCertificateFields(data))
      }),
      { numRuns: RUNS },
    )
  })
})

const identities = new Map<KeyType, SmimeIdentity>()
beforeAll(async () => {
  const authority = await createAuthority({ organisation: 'Test', now: NOW })
  for (const keyType of ['rsa2048', 'p256'] as const) {
    const times = { notBefore: NOW - 1000, notAfter: NOW + 86_400_000 }
    const issued = await issueCertificate(authority, { address: 'a@x.example', name: 'A', keyType, ...times })
    identities.set(keyType, {
      certificate: certificateOf(issued.certificate),
      chain: [],
      privateKey: privateKeyOf(issued.privateKey),
      gateway: false,
    })
  }
})

function mail(body: readonly Uint8Array[]): Entity {
  return {
    header: [{ name: 'content-type', raw: Buffer.from('Content-Type: application/octet-stream') }],
    async *body() {
      yield* body
    },
  }
}

const INNER = 'Content-Type: application/octet-stream\r\n\r\n'
const bodyOf = (wire: Buffer) => wire.subarray(wire.indexOf('\r\n\r\n') + 4)
const derOf = async (entity: Entity) => decodeBase64(once(bodyOf(await entityBytes(entity))), 10_000_000)

const keyType = fc.constantFrom<KeyType>('rsa2048', 'p256')
const chunks = fc.array(fc.oneof(bytes(2_000), fc.constant(new Uint8Array(70_000).fill(65))), { maxLength: 5 })

describe('containers', () => {
  it('any body in any chunks comes back from encryption', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, keyType, fc.constantFrom('gcm', 'cbc'), async (body, type, content) => {
        const identity = identities.get(type)!
        const container = await derOf(encryptEntity(mail(body), [identity.certificate], { content }))
        const opened = await decryptEnveloped(once(container), [identity])
        expect(opened.content.equals(Buffer.concat([Buffer.from(INNER), ...body]))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('any body is covered by its signature, clear and opaque', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, keyType, async (body, type) => {
        const identity = identities.get(type)!
        const options = { anchors: [identity.certificate], at: NOW }
        const whole = Buffer.concat([Buffer.from(INNER), ...body])
        const opaque = await derOf(signEntity(mail(body), identity, { time: NOW, mode: 'opaque' }))
        expect((await verifySigned(opaque, null, options)).content?.equals(whole)).toBe(true)
        const wire = await entityBytes(signEntity(mail(body), identity, { time: NOW }))
        const boundary = /boundary="([^"]+)"/.exec(wire.toString('latin1'))![1]!
        const { content, signature } = await splitSigned(bytesOf(wire), boundary, wire.indexOf('\r\n\r\n') + 4)
        expect(wire.subarray(content.start, content.end).equals(whole)).toBe(true)
        const detached = await decodeBase64(once(bodyOf(wire.subarray(signature.start, signature.end))), 100_000)
        expect((await verifySigned(detached, once(whole), options)).signers[0]?.trust).toBeNull()
      }),
      { numRuns: 200 },
    )
  })

  /** Bytes replaced, inserted, removed or the end cut off. */
  const damage = fc.array(
    fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(3), put: bytes(4) }),
    { minLength: 1, maxLength: 4 },
  )
  type Damage = { readonly at: number; readonly cut: number; readonly put: Uint8Array }
  const damaged = (data: Buffer, changes: readonly Damage[]) =>
    changes.reduce((current, { at, cut, put }) => {
      const from = Math.floor(at * current.length)
      return Buffer.concat([current.subarray(0, from), put, current.subarray(from + cut)])
    }, data)

  it.each(['rsa2048', 'p256'] as const)(
    'damaged AuthEnvelopedData (%s) opens to the very content or not',
    async (type) => {
      const identity = identities.get(type)!
      const body = [Buffer.alloc(500, 'x')]
      const container = await derOf(encryptEntity(mail(body), [identity.certificate], { content: 'gcm' }))
      const whole = Buffer.concat([Buffer.from(INNER), ...body])
      await fc.assert(
        fc.asyncProperty(damage, async (changes) => {
          const opened = await orFault(() => decryptEnveloped(once(damaged(container, changes)), [identity]))
          if (opened) expect(opened.content.equals(whole)).toBe(true)
        }),
        { numRuns: RUNS },
      )
    },
  )

  it.each(['rsa2048', 'p256'] as const)(
    'damaged SignedData (%s) verifies over the very content or not',
    async (type) => {
      const identity = identities.get(type)!
      const body = [Buffer.alloc(500, 'x')]
      const container = await derOf(signEntity(mail(body), identity, { time: NOW, mode: 'opaque' }))
      const whole = Buffer.concat([Buffer.from(INNER), ...body])
      await fc.assert(
        fc.asyncProperty(damage, async (changes) => {
          const options = { anchors: [identity.certificate], at: NOW }
          const verified = await orFault(() => verifySigned(damaged(container, changes), null, options))
          if (verified) {
            expect(verified.content?.equals(whole)).toBe(true)
            expect(verified.signers).toHaveLength(1)
            expect(verified.signers[0]?.signedAt).toBe(Math.floor(NOW / 1000) * 1000)
          }
        }),
        { numRuns: RUNS },
      )
    },
  )

  it('a damaged certificate or EnvelopedData with CBC ends in a value or a Fault', async () => {
    const identity = identities.get('rsa2048')!
    const container = await derOf(encryptEntity(mail([Buffer.alloc(500, 'x')]), [identity.certificate]))
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        await orFault(() => decryptEnveloped(once(damaged(container, changes)), [identity]))
        await orFault(() => certificateOf(damaged(identity.certificate.raw, changes)))
      }),
      { numRuns: RUNS },
    )
  })

  it('splitSigned answers any text with ranges or a Fault', async () => {
    const pieces = fc.constantFrom(
      '--b\r\n',
      '--b--\r\n',
      '--b',
      '--b-- ',
      '\r\n',
      'x',
      'Content-Type: a/b\r\n\r\n',
      '--bb\r\n',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), async (list) => {
        const source = bytesOf(Buffer.from(list.join('')))
        const split = await orFault(() => splitSigned(source, 'b'))
        if (!split) return
        const content = (await source.read(split.content.start, split.content.end)).toString()
        expect(content.split('\r\n')).not.toContain('--b')
        expect(split.content.start).toBeLessThanOrEqual(split.content.end)
        expect(split.content.end).toBeLessThanOrEqual(split.signature.start)
      }),
      { numRuns: RUNS },
    )
  })
})
