import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MessageId, type TenantId, tenantId } from '../../../../shared/domain/index.ts'
import { Fault } from '../../../../shared/fault/index.ts'
import { openFileBlobs } from '../../../platform/blobs/files.ts'
import { blobPlace } from '../../../platform/blobs/layout.ts'
import { tenantSecrets } from '../../../platform/secrets.ts'
import { openFile, type SealedStore, storeFile } from './store-files.ts'
import { newDataKey, unwrapDataKey, wrapDataKey } from './wrap.ts'

const message = '0190a000-0000-7000-8000-000000000001' as MessageId
const clinicId = tenantId('clinic')
let root: string
let clinic: SealedStore

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'secflow-link-'))
  const blobs = await openFileBlobs({ root, reserveBytes: 0 })
  clinic = { blobs, secrets: tenantSecrets(randomBytes(32)), tenant: clinicId }
})
afterAll(() => rm(root, { recursive: true, force: true }))

function pathOf(id: string, tenant: TenantId = clinicId): string {
  return blobPlace(root, tenant, 'link', id).file
}

async function moved(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}

async function* content(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000)
}

describe('storeFile', () => {
  const plain = randomBytes(200_000)
  const store = (id: string, bytes: AsyncIterable<Uint8Array> = content(plain)) =>
    storeFile({ ...clinic, id, name: 'a.dcm', mediaType: 'application/dicom', message, now: 5, content: bytes })

  test('records what was stored and opens it at any offset', async () => {
    const record = await store('f1')
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
    const text = Buffer.alloc(100_000, 'secret words ')
    await store('a', content(text))
    await store('b', content(text))
    const [a, b] = await Promise.all([readFile(pathOf('a')), readFile(pathOf('b'))])
    expect(a.includes('secret')).toBe(false)
    expect(a.equals(b)).toBe(false)
  })

  test('a blob moved to another id or tenant, or a wrong recorded size, raises blob-damaged', async () => {
    const record = await store('m1')
    const other = tenantId('other')
    await moved(pathOf('m1'), pathOf('m2'))
    await moved(pathOf('m1'), pathOf('m1', other))
    await expect(openFile(clinic, { ...record, blob: 'm2' })).rejects.toMatchObject({ code: 'blob-damaged' })
    await expect(openFile({ ...clinic, tenant: other }, record)).rejects.toMatchObject({ code: 'blob-damaged' })
    // Even with the right key encryption key the context does not fit.
    const borrowed = {
      ...clinic,
      tenant: other,
      secrets: { ...clinic.secrets, keyEncryptionKey: () => clinic.secrets.keyEncryptionKey(clinicId) },
    }
    await expect(openFile(borrowed, record)).rejects.toMatchObject({ code: 'blob-damaged' })
    await expect(openFile(clinic, { ...record, size: 199_999 })).rejects.toMatchObject({ code: 'blob-damaged' })
    await expect(openFile(clinic, { ...record, blob: 'm3' })).rejects.toMatchObject({ code: 'blob-missing' })
  })

  test('what the content throws comes through, and nothing is left', async () => {
    async function* broken() {
      yield plain
      throw new Fault('mime-malformed')
    }
    await expect(store('x', broken())).rejects.toMatchObject({ code: 'mime-malformed' })
    await expect(clinic.blobs.open(clinicId, 'link', 'x')).rejects.toMatchObject({ code: 'blob-missing' })
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
