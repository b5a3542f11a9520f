/**
 * An end to what the PDF library unpacks while it reads one document: an object stream (ISO 32000-2 7.5.7) of a hundred
 * kilobytes can become gigabytes, and the library itself sets no limit.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { decodePDFRawStream, PDFContext, PDFDict, PDFName, PDFRawStream } from 'pdf-lib'

/** The one place where every decoder of the library grows its buffer; its types do not name it. */
interface Decoder {
  buffer: Uint8Array
  ensureBuffer(requested: number): Uint8Array
}

const budget = new AsyncLocalStorage<{ left: number }>()

/** Runs `work`; what is unpacked in it beyond `most` bytes throws. */
export function withUnpackingLimit<T>(most: number, work: () => Promise<T>): Promise<T> {
  limitDecoders()
  return budget.run({ left: most }, work)
}

let isLimited = false

function limitDecoders(): void {
  if (isLimited) return
  isLimited = true
  const decoder = decoders()
  const grow = decoder.ensureBuffer
  decoder.ensureBuffer = function (this: Decoder, requested: number) {
    const spent = budget.getStore()
    const more = requested - this.buffer.byteLength
    if (spent && more > spent.left) throw new Error('the PDF unpacks to more than may be read')
    const before = this.buffer.byteLength
    const buffer = grow.call(this, requested)
    if (spent) spent.left -= buffer.byteLength - before
    return buffer
  }
}

/** What all decoders inherit from, found through one of them. */
function decoders(): Decoder {
  const dict = PDFDict.fromMapWithContext(new Map(), PDFContext.create())
  dict.set(PDFName.of('Filter'), PDFName.of('FlateDecode'))
  const one = decodePDFRawStream(PDFRawStream.of(dict, Uint8Array.of(0x78, 0x9c, 3, 0, 0, 0, 0, 1)))
  for (let level = Object.getPrototypeOf(one); level !== null; level = Object.getPrototypeOf(level)) {
    if (Object.hasOwn(level, 'ensureBuffer')) return level
  }
  throw new Error('the PDF library has no decoder to limit')
}
