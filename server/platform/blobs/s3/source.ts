import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { Fault } from '../../../../shared/fault/index.ts'
import type { OpenByteSource } from '../../../ports/bytes.ts'
import type { Bucket, Head } from './bucket.ts'
import { isPassing, s3Fault, statusOf } from './faults.ts'
import { versionOf } from './put.ts'

const CHUNK = 262_144
const LONGEST_PAUSE = 1_000

/**
 * A stored object as a source of bytes. A download that breaks off is taken up again where it stopped; when no byte
 * came for the deadline, `store-unavailable`. An object that is not what it was raises `blob-damaged` or `blob-missing`.
 */
export function objectSource(bucket: Bucket, Key: string, head: Head): OpenByteSource {
  const size = head.ContentLength
  const { deadline, idle } = bucket.bounds
  const open = new Set<Readable>()

  function check(start: number, end: number): void {
    if (!(start >= 0 && start <= end && end <= size)) throw new RangeError(`no range ${start}-${end} in ${size} bytes`)
  }

  async function get(start: number, end: number, patience: number): Promise<Readable> {
    try {
      const { Body, ContentRange } = await bucket.call(
        (client, place, at) =>
          client.send(
            new GetObjectCommand({
              ...place,
              Key,
              ...versionOf(head),
              Range: `bytes=${start}-${end - 1}`,
              ...(head.ETag === undefined ? {} : { IfMatch: head.ETag }),
            }),
            at,
          ),
        { deadline: Math.max(1, patience) },
      )
      const body = Body as Readable
      if (ContentRange?.startsWith(`bytes ${start}-${end - 1}/`)) return body
      body.destroy()
      throw new Fault('store-unavailable', 'object store: knows no ranges')
    } catch (error) {
      const status = statusOf(error)
      if (status === 404 && (error as Error).name === 'NoSuchKey') throw new Fault('blob-missing', Key)
      if (status === 412 || status === 416) throw new Fault('blob-damaged', 'the object is another one than before')
      throw s3Fault(error)
    }
  }

  /** The next chunk, or null at the end; a connection that says nothing for too long is broken. */
  async function next(chunks: AsyncIterator<Buffer>): Promise<Buffer | null> {
    let timer: NodeJS.Timeout | undefined
    const silent = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the download stands still')), idle)
    })
    try {
      const { done, value } = await Promise.race([chunks.next(), silent])
      return done ? null : value
    } finally {
      clearTimeout(timer)
    }
  }

  async function* stream(start = 0, end = size): AsyncGenerator<Buffer> {
    check(start, end)
    let at = start
    let moved = performance.now()
    for (let longest = 50; at < end; ) {
      const body = await get(at, end, deadline - (performance.now() - moved))
      open.add(body)
      const from = at
      let broken: unknown = null
      try {
        const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
        for (let chunk = await next(chunks); chunk !== null; chunk = await next(chunks)) {
          at += chunk.length
          if (at > end) throw new Fault('blob-damaged', 'more bytes came than were asked for')
          for (let cut = 0; cut < chunk.length; cut += CHUNK) yield chunk.subarray(cut, cut + CHUNK)
          moved = performance.now()
          longest = 50
        }
      } catch (error) {
        if (!isPassing(error)) throw error
        broken = error
      } finally {
        open.delete(body)
        body.destroy()
      }
      if (at < end && broken === null && at === from) throw new Fault('blob-damaged', `ends at ${at} of ${size} bytes`)
      if (broken === null) continue
      if (performance.now() - moved > deadline) throw s3Fault(broken)
      await pause(Math.random() * longest)
      longest = Math.min(longest * 2, LONGEST_PAUSE)
    }
  }

  return {
    size,
    stream,
    async read(start, end) {
      check(start, end)
      const chunks: Buffer[] = []
      for await (const chunk of stream(start, end)) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
    async [Symbol.asyncDispose]() {
      for (const body of open) body.destroy()
    },
  }
}
