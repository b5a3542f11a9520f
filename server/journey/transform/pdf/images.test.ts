import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkImage } from './images.ts'

function chunk(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([head, named, sum])
}

function png(width: number, height: number, pixels = Buffer.alloc(height * (1 + width * 3))): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  header[9] = 2
  const signature = Buffer.from('89504e470d0a1a0a', 'hex')
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const jpeg = Buffer.from(
  'ffd8ffe000024a46ffc0000b080010002001011100ffda0008010100003f0001ffd9'.replace('ffe000024a46', 'ffe000044a46'),
  'hex',
)

describe('inline images', () => {
  it('accepts PNG and JPEG and reads their size', () => {
    expect(checkImage(png(20, 10))).toMatchObject({ format: 'png', width: 20, height: 10 })
    expect(checkImage(jpeg)).toMatchObject({ format: 'jpg', width: 32, height: 16 })
  })

  it('refuses a PNG with one altered byte, wherever it is', () => {
    const good = png(20, 10)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 13 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const bad = Buffer.from(good)
        bad[at]! ^= mask
        expect(checkImage(bad)).toBeNull()
      }),
    )
  })

  it('refuses data that is too short for its size, and sizes no page needs', () => {
    expect(checkImage(png(20, 10, Buffer.alloc(100)))).toBeNull()
    expect(checkImage(png(60_000, 60_000, Buffer.alloc(100)))).toBeNull()
    expect(checkImage(png(4, 4, Buffer.alloc(50_000_000)))).toBeNull()
  })

  it('refuses everything else', () => {
    for (const other of ['', 'GIF89a', '<svg/>', '\u0089PNG\r\n\u001a\n'])
      expect(checkImage(Buffer.from(other, 'latin1'))).toBeNull()
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(checkImage(Buffer.concat([Buffer.from([0xff, 0xd8]), bytes]))).toBeNull()
      }),
    )
  })
})
