import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import type { BlobKind, KeptBlobs } from '../../ports/blobs.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { recentBlobs } from './recent.ts'

/** Alone in its buffer, as received mail is. */
const alone = (text: string, ticket = 0) => ({ bytes: Uint8Array.from(Buffer.from(text)), ticket })

const TENANT = tenantId('acme')
const OTHER = tenantId('other')

afterEach(() => vi.useRealTimers())

/** A store behind that says from where it was read. */
function setup(room?: number) {
  const opened: string[] = []
  const behind = {
    async open(tenant: string, kind: BlobKind, id: string) {
      opened.push(`${tenant}/${kind}/${id}`)
      return { ...bytesOf(Buffer.from('stored')), async [Symbol.asyncDispose]() {} }
    },
    async delete() {},
  } as unknown as KeptBlobs
  const dropped: number[] = []
  const blobs = recentBlobs(behind, {
    ...(room === undefined ? {} : { room }),
    dropped: (ticket) => dropped.push(ticket),
  })
  const read = async (tenant = TENANT, id = 'a') => {
    await using source = await blobs.open(tenant, 'spool', id)
    return (await buffer(source.stream())).toString()
  }
  return { blobs, opened, read, dropped }
}

describe('blobs of mail that is on its way', () => {
  test('are read from memory once, then from where they are stored', async () => {
    const { blobs, opened, read } = setup()
    blobs.keep(TENANT, 'spool', 'a', alone('recent'))
    expect(await read()).toBe('recent')
    expect(opened).toEqual([])
    expect(await read()).toBe('stored')
  })

  test('are taken once, and by nobody while they are read', async () => {
    const { blobs, read } = setup()
    blobs.keep(TENANT, 'spool', 'a', alone('recent'))
    {
      await using _ = await blobs.open(TENANT, 'spool', 'a')
      expect(blobs.take(TENANT, 'spool', 'a')).toBe(null)
      expect(await read()).toBe('stored')
    }
    expect(Buffer.from(blobs.take(TENANT, 'spool', 'a')!.bytes).toString()).toBe('recent')
    expect(blobs.take(TENANT, 'spool', 'a')).toBe(null)
    expect(await read()).toBe('stored')
  })

  test('belong to their tenant', async () => {
    const { blobs, read } = setup()
    blobs.keep(TENANT, 'spool', 'a', alone('recent'))
    expect(await read(OTHER)).toBe('stored')
    expect(await read()).toBe('recent')
  })

  test('without room the newest is not kept: the oldest is read next', async () => {
    const { blobs, read } = setup(10)
    expect(blobs.keep(TENANT, 'spool', 'a', alone('12345678'))).toBe(true)
    expect(blobs.keep(TENANT, 'spool', 'b', alone('12345678'))).toBe(false)
    expect(await read(TENANT, 'b')).toBe('stored')
    expect(await read(TENANT, 'a')).toBe('12345678')
    blobs.take(TENANT, 'spool', 'a')
    blobs.keep(TENANT, 'spool', 'c', alone('12345678'))
    expect(await read(TENANT, 'c')).toBe('12345678')
  })

  test('that nobody comes for make room after half a minute', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { blobs, read } = setup(10)
    blobs.keep(TENANT, 'spool', 'a', alone('12345678'))
    vi.advanceTimersByTime(30_001)
    blobs.keep(TENANT, 'spool', 'b', alone('87654321'))
    expect(await read(TENANT, 'b')).toBe('87654321')
    expect(await read(TENANT, 'a')).toBe('stored')
  })

  test('in a slab take no room, and are given back by who takes them or when nobody reads them any more', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { blobs, read, dropped } = setup(2)
    for (const [at, id] of ['a', 'b', 'c'].entries()) blobs.keep(TENANT, 'spool', id, alone('12345678', at + 1))
    expect(blobs.take(TENANT, 'spool', 'a')).toMatchObject({ ticket: 1 })
    expect(await read(TENANT, 'b')).toBe('12345678')
    {
      await using _ = await blobs.open(TENANT, 'spool', 'c')
      vi.advanceTimersByTime(30_001)
      blobs.keep(TENANT, 'spool', 'd', alone('1'))
      expect(dropped).toEqual([2])
    }
    expect(dropped).toEqual([2, 3])
  })

  test('that nobody will take make room at once, and are not pulled from under who reads them', async () => {
    const { blobs, read, dropped } = setup(10)
    const first = alone('12345678')
    blobs.keep(TENANT, 'spool', 'a', first)
    blobs.letGo(TENANT, 'spool', 'a')
    // Its memory is free now, not when V8 looks.
    expect(first.bytes).toHaveLength(0)
    blobs.keep(TENANT, 'spool', 'e', alone('read'))
    {
      await using source = await blobs.open(TENANT, 'spool', 'e')
      blobs.letGo(TENANT, 'spool', 'e')
      expect((await buffer(source.stream())).toString()).toBe('read')
    }
    blobs.keep(TENANT, 'spool', 'b', alone('87654321'))
    expect(await read(TENANT, 'b')).toBe('87654321')
    expect(await read(TENANT, 'a')).toBe('stored')
    blobs.keep(TENANT, 'spool', 'c', alone('lent', 7))
    {
      await using source = await blobs.open(TENANT, 'spool', 'c')
      blobs.letGo(TENANT, 'spool', 'c')
      expect(dropped).toEqual([])
      expect((await buffer(source.stream())).toString()).toBe('lent')
    }
    expect(dropped).toEqual([7])
  })

  test('are gone when they are deleted', async () => {
    const { blobs, read } = setup()
    blobs.keep(TENANT, 'spool', 'a', alone('recent'))
    await blobs.delete(TENANT, 'spool', 'a')
    expect(await read()).toBe('stored')
  })
})
