import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type MessageId, tenantId } from '../../../../shared/domain/index.ts'
import { Fault } from '../../../../shared/fault/index.ts'
import type { BlobStore } from '../../../ports/blobs.ts'
import { bytesOf } from '../../../ports/bytes.ts'
import { openFile, type SealedStore, storeFile } from './store-files.ts'
import { newDataKey, unwrapDataKey, wrapDataKey } from './wrap.ts'

const message = '0190a000-0000-7000-8000-000000000001' as MessageId

/** The smallest store that keeps the contract of the port; the adapters have their own suite. */
function storeInMemory(): BlobStore & { readonly kept: Map<string, Buffer> } {
  const kept = new Map<string, Buffer>()
  return {
    kept,
    async put(tenant, kind, id, content) {
      const pieces: Uint8Array[] = []
      for await (const piece of content) pieces.push(piece)
      const bytes = Buffer.concat(pieces)
      kept.set(`${tenant}/${kind}/${id}`, bytes)
      return { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
    },
    async open(tenant, kind, id) {
      const bytes = kept.get(`${tenant}/${kind}/${id}`)
      if (!bytes) throw new Fault('blob-missing')
      return { ...bytesOf(bytes), async [Symbol.asyncDispose]() {} }
    },
    async delete() {},
    async *list() {},
    async free() {
      return null
    },
  }
}

const kek = new Map<string, Buffer>()
const secrets = {
  keyEncryptionKey(tenant: string) {
    const key = kek.get(tenant) ?? randomBytes(32)
    kek.set(tenant, key)
    return key
  },
  macKey: () => randomBytes(32),
}

async function* content(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

describe('storeFile', () => {
  const plain = randomBytes(200_000)
  const clinic: SealedStore = { blobs: storeInMemory(), secrets, tenant: tenantId('clinic') }
  const file = { ...clinic, name: 'a.dcm', mediaType: 'application/dicom', message, now: 5 }

  test('records what was stored and opens it at any offset', async () => {
    const record = await storeFile({ ...file, id: 'f1', content: content(plain) })
    expect(record).toMatchObject({
      id: 'f1',
      blob: 'f1',
      message,
      name: 'a.dcm',
      size: 200_000,
      createdAt: 5,
      sha256: createHash('sha256').update(plain).digest('hex'),
    })
    await using opened = await openFile(clinic, record)
    expect(opened.size).toBe(200_000)
    expect((await opened.read(99_000, 150_001)).equals(plain.subarray(99_000, 150_001))).toBe(true)
  })

  test('the stored bytes hold nothing of the file, and twice the same file is stored differently', async () => {
    const blobs = storeInMemory()
    await storeFile({ ...file, blobs, id: 'a', content: content(Buffer.alloc(100_000, 'secret words ')) })
    await storeFile({ ...file, blobs, id: 'b', content: content(Buffer.alloc(100_000, 'secret words ')) })
    const [a, b] = [...blobs.kept.values()]
    expect(a!.includes('secret')).toBe(false)
    expect(a!.equals(b!)).toBe(false)
  })

  test('a blob moved to another id or tenant, or a wrong recorded size, raises blob-damaged', async () => {
    const blobs = storeInMemory()
    const store = { ...clinic, blobs }
    const record = await storeFile({ ...file, blobs, id: 'f1', content: content(plain) })
    const stored = blobs.kept.get('clinic/link/f1')!
    blobs.kept.set('clinic/link/f2', stored)
    blobs.kept.set('other/link/f1', stored)
    await expect(openFile(store, { ...record, blob: 'f2' })).rejects.toMatchObject({ code: 'blob-damaged' })
    await expect(openFile({ ...store, tenant: tenantId('other') }, record)).rejects.toMatchObject({
      code: 'blob-damaged',
    })
    await expect(openFile(store, { ...record, size: 199_999 })).rejects.toMatchObject({ code: 'blob-damaged' })
    await expect(openFile(store, { ...record, blob: 'f3' })).rejects.toMatchObject({ code: 'blob-missing' })
  })

  test('what the content throws comes through', async () => {
    async function* broken() {
      yield plain
      throw new Fault('mime-malformed')
    }
    await expect(storeFile({ ...file, id: 'x', content: broken() })).rejects.toMatchObject({ code: 'mime-malformed' })
  })
})

describe('wrapDataKey', () => {
  test('is RFC 5649: the same as the algorithm written out over the AES block', () => {
    const key = randomBytes(32)
    const data = newDataKey()
    expect(wrapDataKey(key, data)).toBe(wrapByHand(key, data).toString('base64'))
    expect(unwrapDataKey(key, wrapDataKey(key, data)).equals(data)).toBe(true)
  })

  test('another key or an altered text raises blob-damaged', () => {
    const key = randomBytes(32)
    const wrapped = wrapDataKey(key, newDataKey())
    const altered = Buffer.from(wrapped, 'base64')
    altered[9]! ^= 1
    for (const bad of [altered.toString('base64'), '', 'AAAA', wrapped.slice(0, 20)]) {
      expect(() => unwrapDataKey(key, bad)).toThrow(expect.objectContaining({ code: 'blob-damaged' }))
    }
    expect(() => unwrapDataKey(randomBytes(32), wrapped)).toThrow(expect.objectContaining({ code: 'blob-damaged' }))
  })
})

/** RFC 5649 4.1 with RFC 3394 2.2.1 for a multiple of eight bytes. */
function wrapByHand(kek: Buffer, data: Buffer): Buffer {
  let a = Buffer.concat([Buffer.from('a65959a6', 'hex'), Buffer.of(0, 0, 0, data.length)])
  const r = Array.from({ length: data.length / 8 }, (_, i) => Buffer.from(data.subarray(i * 8, i * 8 + 8)))
  for (let j = 0; j < 6; j += 1) {
    for (let i = 0; i < r.length; i += 1) {
      const block = createCipheriv('aes-256-ecb', kek, null)
        .setAutoPadding(false)
        .update(Buffer.concat([a, r[i]!]))
      a = Buffer.from(block.subarray(0, 8))
      a.writeUInt32BE((a.readUInt32BE(4) ^ (r.length * j + i + 1)) >>> 0, 4)
      r[i] = Buffer.from(block.subarray(8))
    }
  }
  return Buffer.concat([a, ...r])
}
