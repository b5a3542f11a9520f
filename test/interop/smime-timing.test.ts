/**
 * Every decryption failure takes the same time (RFC 3218 2.3.2, RFC 8551 section 6): a wrong padding, a key of the wrong
 * length, a wrong key, a broken content. Measured as the shift between two distributions, in units of their own spread, and
 * beside it the shift of a cause against itself: what the machine alone does.
 */
import { constants, createECDH, generateKeyPairSync, publicEncrypt, randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  decodeBase64,
  decryptEnveloped,
  encryptEntity,
  openEnveloped,
} from '../../server/journey/transform/smime/index.ts'
import { createAuthority, issueCertificate, privateKeyOf } from '../../server/keys/authority.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import type { SmimeIdentity } from '../../server/ports/keyring.ts'
import { Fault } from '../../shared/fault/index.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'

const NOW = Date.now()
const ROUNDS = 600
const TRIES = 3
const CONTENT = `Content-Type: text/plain\r\n\r\n${`${'x'.repeat(74)}\r\n`.repeat(13)}`

const identities = new Map<string, SmimeIdentity>()
beforeAll(async () => {
  const authority = await createAuthority({ organisation: 'Test', now: NOW })
  for (const keyType of ['rsa2048', 'p256'] as const) {
    const times = { notBefore: NOW - 1000, notAfter: NOW + 86_400_000 }
    const issued = await issueCertificate(authority, { address: 'a@x.example', name: keyType, keyType, ...times })
    const certificate = certificateOf(issued.certificate)
    identities.set(keyType, { certificate, chain: [], privateKey: privateKeyOf(issued.privateKey), gateway: false })
  }
})

async function* once(data: Uint8Array) {
  yield data
}

const derOf = async (identity: SmimeIdentity, content: 'cbc' | 'gcm', keyTransport: 'oaep' | 'pkcs1') => {
  const wire = await entityBytes(encryptEntity(entityOf(CONTENT), [identity.certificate], { content, keyTransport }))
  return decodeBase64(once(wire.subarray(wire.indexOf('\r\n\r\n') + 4)), 1_000_000)
}

/** The container with other octets in the place of some. */
function replaced(container: Buffer, at: number, octets: Buffer): Buffer {
  const copy = Buffer.from(container)
  octets.copy(copy, at)
  return copy
}

/** Causes of failure, each a container. */
async function causes(identity: SmimeIdentity, content: 'cbc' | 'gcm', keyTransport: 'oaep' | 'pkcs1') {
  const container = await derOf(identity, content, keyTransport)
  // The last block of CBC, in front of five ends of contents: its padding. Of GCM any octets.
  const broken = replaced(container, container.length - (content === 'cbc' ? 26 : 300), randomBytes(16))
  const type = identity.privateKey.asymmetricKeyType
  if (type === 'ec') {
    // The wrapped key: 40 octets; the point: 65 behind the octet that counts unused bits.
    const wrapped = container.indexOf(Buffer.from([0x04, 0x28])) + 2
    const point = container.indexOf(Buffer.from([0x03, 0x42, 0x00, 0x04])) + 3
    const other = createECDH('prime256v1')
    return {
      'broken content': broken,
      'broken wrapped key': replaced(container, wrapped, randomBytes(40)),
      'another originator': replaced(container, point, other.generateKeys()),
    }
  }
  const { publicKey } = identity.certificate
  const padding = keyTransport === 'oaep' ? constants.RSA_PKCS1_OAEP_PADDING : constants.RSA_PKCS1_PADDING
  const sealed = (key: Buffer) => publicEncrypt({ key: publicKey, padding, oaepHash: 'sha256' }, key)
  const at = container.indexOf(Buffer.from([0x04, 0x82, 0x01, 0x00])) + 4
  const raw = Buffer.concat([Buffer.from([0]), randomBytes(255)])
  return {
    'broken content': broken,
    'wrong padding': replaced(container, at, publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, raw)),
    'key of 16 octets': replaced(container, at, sealed(randomBytes(16))),
    'another key': replaced(container, at, sealed(randomBytes(32))),
  }
}

/** Microseconds of failing to open each container, taken in turns so that whatever the machine does hits all of them. */
async function measured(containers: readonly Buffer[], identity: SmimeIdentity): Promise<number[][]> {
  const times = containers.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const at of containers.keys()) {
      const place = (at + round) % containers.length
      const began = process.hrtime.bigint()
      const fault = await openEnveloped(() => once(containers[place]!), [identity]).catch((error: unknown) => error)
      times[place]!.push(Number(process.hrtime.bigint() - began) / 1000)
      if (!(fault instanceof Fault) || fault.message !== 'decryption-failed')
        throw new Error('it did not fail as it must')
    }
  }
  return times
}

const quantile = (sorted: readonly number[], q: number) => sorted[Math.floor(q * (sorted.length - 1))]!

/** Shift of the lower half of two distributions (the upper half is the machine's), in microseconds. */
function shift(a: readonly number[], b: readonly number[]): number {
  const [one, two] = [a, b].map((times) => times.toSorted((x, y) => x - y))
  const shifts = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4].map((q) =>
    Math.abs(quantile(one!, q) - quantile(two!, q)),
  )
  return shifts.toSorted((x, y) => x - y)[4]!
}

describe.each([
  ['rsa2048', 'cbc', 'pkcs1'],
  ['rsa2048', 'gcm', 'pkcs1'],
  ['rsa2048', 'gcm', 'oaep'],
  ['p256', 'gcm', 'oaep'],
] as const)('%s %s %s', (kind, content, transport) => {
  it('fails in the same time whatever the cause', { timeout: 120_000 }, async () => {
    const identity = identities.get(kind)!
    const made = await causes(identity, content, transport)
    const names = Object.keys(made)
    const containers = Object.values(made)
    // The first once more: the control, which differs in nothing.
    const all = [...containers, Buffer.from(containers[0]!)]
    let worst = ''
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const times = await measured(all, identity)
      const control = shift(times[0]!, times.at(-1)!)
      const shifts = names.map((name, at) => ({ name, us: shift(times[0]!, times[at]!) })).slice(1)
      const median = quantile(
        times[0]!.toSorted((a, b) => a - b),
        0.5,
      )
      // 2 % of the whole, or thrice what two equal causes differ by.
      const allowed = Math.max(0.02 * median, 3 * control, 4)
      worst = `${shifts.map(({ name, us }) => `${name} ${us.toFixed(1)} us`).join(', ')}; control ${control.toFixed(1)}, median ${median.toFixed(0)}`
      if (shifts.every(({ us }) => us <= allowed)) {
        console.log(`${kind} ${content} ${transport}: ${worst}`)
        return
      }
    }
    expect.fail(worst)
  })
})

it('says the same of every cause', async () => {
  for (const [kind, identity] of identities) {
    for (const container of Object.values(await causes(identity, 'gcm', 'oaep'))) {
      const outcome = decryptEnveloped(once(container), [identity])
      await expect(outcome, kind).rejects.toMatchObject({
        code: 'decryption-failed',
        message: 'decryption-failed',
        detail: '',
      })
    }
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const stranger = { ...identity, privateKey }
    const container = await derOf(identity, 'gcm', 'oaep')
    await expect(decryptEnveloped(once(container), [stranger])).rejects.toMatchObject({ message: 'decryption-failed' })
  }
})
