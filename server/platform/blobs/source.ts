import type { FileHandle } from 'node:fs/promises'
import { Fault } from '../../../shared/fault/index.ts'
import type { OpenByteSource } from '../../ports/bytes.ts'
import { diskFault } from './faults.ts'

const CHUNK = 65_536

/** A stored file as a source of bytes. Raises `blob-damaged` when it is shorter than it was. */
export function fileSource(handle: FileHandle, size: number): OpenByteSource {
  async function fill(buffer: Buffer, at: number): Promise<Buffer> {
    let got = 0
    while (got < buffer.length) {
      const { bytesRead } = await handle.read(buffer, got, buffer.length - got, at + got).catch((error) => {
        throw diskFault(error)
      })
      if (bytesRead === 0) throw new Fault('blob-damaged', `ends at ${at + got} of ${size} bytes`)
      got += bytesRead
    }
    return buffer
  }

  function check(start: number, end: number): void {
    if (!(start >= 0 && start <= end && end <= size)) throw new RangeError(`no range ${start}-${end} in ${size} bytes`)
  }

  return {
    size,
    async *stream(start = 0, end = size) {
      check(start, end)
      for (let at = start; at < end; at += CHUNK) yield await fill(Buffer.allocUnsafe(Math.min(CHUNK, end - at)), at)
    },
    async read(start, end) {
      check(start, end)
      return fill(Buffer.allocUnsafe(end - start), start)
    },
    [Symbol.asyncDispose]: () => handle.close(),
  }
}
