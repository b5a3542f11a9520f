import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { type CopyRecord, type MessageId, tenantId } from '../../shared/domain/index.ts'
import { memoryBlobs } from '../../test/support/memory-blobs.ts'
import { copyContent, readCopy } from './copy-content.ts'

const TENANT = tenantId('acme')
const SPOOLED = 'Received: here\r\nSubject: one\r\n\r\nthe body\r\n'

async function setup() {
  const blobs = memoryBlobs()
  const put = (kind: 'spool' | 'copy', id: string, text: string) =>
    blobs.put(
      TENANT,
      kind,
      id,
      (async function* () {
        yield Buffer.from(text)
      })(),
    )
  await put('spool', 'm1', SPOOLED)
  await put('copy', 'c1', 'a copy of its own')
  return blobs
}

const digest = createHash('sha256').update(SPOOLED).digest('hex')
const own = { kind: 'copy', digest } as const

const text = async (pieces: AsyncIterable<Uint8Array>) => (await buffer(pieces)).toString()

describe('the bytes of a copy', () => {
  test('with the body as received: its own header and the rest of the spooled message', async () => {
    const head = Buffer.from('Subject: two\r\n\r\n')
    const bodyStart = SPOOLED.indexOf('the body')
    const size = head.length + SPOOLED.length - bodyStart
    const copy: CopyRecord = {
      id: 'c2',
      message: 'm1' as MessageId,
      recipients: [],
      steps: [],
      blob: 'm1',
      size,
      head,
      bodyStart,
      route: '',
      mailFrom: '',
      createdAt: 0,
    }
    const content = copyContent(await setup(), TENANT, copy, { digest })
    expect(content.size).toBe(size)
    expect(await text(content.stream())).toBe('Subject: two\r\n\r\nthe body\r\n')
    // A second attempt reads it again.
    expect(await text(content.stream())).toBe('Subject: two\r\n\r\nthe body\r\n')
  })

  test('small: they stand in its row', async () => {
    const head = Buffer.from('all of it')
    const copy = { ...own, blob: 'none', size: head.length, head, bodyStart: null }
    expect(await text(readCopy(await setup(), TENANT, copy))).toBe('all of it')
  })

  test('large: a blob of its own', async () => {
    const copy = { ...own, blob: 'c1', size: 17, head: null, bodyStart: null }
    expect(await text(readCopy(await setup(), TENANT, copy))).toBe('a copy of its own')
  })

  test('a spooled message of another length is damaged, and nothing of it leaves', async () => {
    const copy = { kind: 'spool', digest, blob: 'm1', size: 999, head: Buffer.from('x'), bodyStart: 4 } as const
    await expect(text(readCopy(await setup(), TENANT, copy))).rejects.toMatchObject({ code: 'blob-damaged' })
  })

  test('spooled bytes that a disk has changed end in a fault before the last of them', async () => {
    const other = createHash('sha256').update('something else').digest('hex')
    const head = Buffer.from('x')
    const copy = { kind: 'spool', digest: other, blob: 'm1', size: 1 + SPOOLED.length - 4, head, bodyStart: 4 } as const
    await expect(text(readCopy(await setup(), TENANT, copy))).rejects.toMatchObject({ code: 'blob-damaged' })
  })

  test('once the content is erased there is nothing to send', async () => {
    const blobs = await setup()
    await expect(
      text(readCopy(blobs, TENANT, { ...own, blob: 'gone', size: 9, head: null, bodyStart: null })),
    ).rejects.toMatchObject({ code: 'blob-missing' })
  })
})
