import { execFileSync } from 'node:child_process'
import { createCipheriv, randomBytes, randomInt } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OpenByteSource } from '../../../ports/bytes.ts'
import { bytesOf } from '../../../ports/bytes.ts'
import { armored } from './armor.ts'
import { bunzip } from './bunzip.ts'
import { CfbDecryption } from './cfb.ts'
import { dearmored } from './dearmor.ts'
import { Digests } from './digest.ts'
import { pgpBlocksOf, pgpReadSignedText } from './inline.ts'
import { packetBody, packetHead } from './packet-read.ts'
import { PieceReader } from './piece-reader.ts'
import { rangesOf } from './ranges.ts'

/** The same bytes in pieces of any size. */
async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] || 1
    yield Buffer.from(bytes.subarray(at, at + size))
    at += size
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(pieces))
}

const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 })

describe('CFB', () => {
  test('decrypts what OpenSSL encrypts, in pieces of any size', () => {
    for (const [name, bytes] of [
      ['aes-128', 16],
      ['aes-192', 24],
      ['aes-256', 32],
    ] as const) {
      for (let round = 0; round < 40; round += 1) {
        const key = randomBytes(bytes)
        const plain = randomBytes(randomInt(40_000))
        const sealed = createCipheriv(`${name}-cfb`, key, Buffer.alloc(16)).update(plain)
        const cfb = new CfbDecryption(name, key)
        const out: Buffer[] = []
        for (let at = 0; at < sealed.length; ) {
          const size = randomInt(1, round % 2 ? 100 : 20_000)
          out.push(cfb.update(sealed.subarray(at, at + size)))
          at += size
        }
        expect(Buffer.concat(out).equals(plain)).toBe(true)
      }
    }
  })
})

describe('bzip2', () => {
  const samples = [
    Buffer.alloc(0),
    Buffer.from('a'),
    Buffer.alloc(3_000_000, 'ab'),
    Buffer.alloc(2_000_000),
    randomBytes(1_000_000),
    Buffer.alloc(9_999, 'aaaabbbbbccccccccccccccccc'),
  ]

  test('unpacks what bzip2 packs', () => {
    for (const sample of samples) {
      for (const level of ['-1', '-9']) {
        const packed = execFileSync('bzip2', [level, '-c'], { input: sample, maxBuffer: 1e8 })
        expect(Buffer.concat([...bunzip(packed)]).equals(sample)).toBe(true)
      }
    }
  })

  test('damaged data end in the one fault', () => {
    const packed = execFileSync('bzip2', ['-9'], { input: Buffer.alloc(5000, 'some words to pack. ') })
    for (let at = 0; at < packed.length; at += 1) {
      const bad = Buffer.from(packed)
      bad[at] = bad[at]! ^ 0x55
      try {
        let size = 0
        for (const piece of bunzip(bad)) size += piece.length
        expect(size).toBeLessThan(60_000_000)
      } catch (error) {
        expect(error).toMatchObject({ code: 'container-malformed' })
      }
    }
  })
})

describe('armor', () => {
  test('what is armored comes back, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), sizes, fc.boolean(), async (bytes, pieces, checksum) => {
        const text = await collect(armored('MESSAGE', cut(bytes, [1000]), { checksum }))
        const mail = Buffer.concat([Buffer.from('\r\nwords before\r\n'), text, Buffer.from('words after')])
        expect((await collect(dearmored('MESSAGE', cut(mail, pieces)))).equals(Buffer.from(bytes))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    ['without padding', '-----BEGIN PGP MESSAGE-----\n\nYWI\n-----END PGP MESSAGE-----'],
    ['data after padding', '-----BEGIN PGP MESSAGE-----\n\nYWI=YWJj\nYWJj\n-----END PGP MESSAGE-----'],
    ['no empty line', '-----BEGIN PGP MESSAGE-----\nYWJj\n-----END PGP MESSAGE-----'],
    ['another end', '-----BEGIN PGP MESSAGE-----\n\nYWJj\n-----END PGP SIGNATURE-----'],
  ])('%s is malformed', async (_name, text) => {
    await expect(collect(dearmored('MESSAGE', cut(Buffer.from(text), [7])))).rejects.toMatchObject({
      code: 'container-malformed',
    })
  })

  test('headers, white space at line ends, lines of odd lengths and a wrong checksum decide nothing', async () => {
    const text =
      '-----BEGIN PGP MESSAGE-----  \r\nVersion: x\nComment: \n \t\nYW\nJj \r\n  ZGVm\n=AAAA\n-----END PGP MESSAGE-----'
    expect((await collect(dearmored('MESSAGE', cut(Buffer.from(text), [5])))).toString()).toBe('abcdef')
  })
})

describe('packets', () => {
  const bodyOf = async (bytes: number[]) => {
    const reader = new PieceReader(cut(Buffer.from(bytes), [3]))
    const head = await packetHead(reader)
    return { tag: head!.tag, body: await collect(packetBody(reader, head!)) }
  }

  test('all forms of lengths', async () => {
    const x = (count: number) => Array.from({ length: count }, () => 0x78)
    expect(await bodyOf([0xcb, 3, ...x(3)])).toMatchObject({ tag: 11, body: Buffer.from('xxx') })
    expect((await bodyOf([0xcb, 192, 8, ...x(200)])).body).toHaveLength(200)
    expect((await bodyOf([0xcb, 255, 0, 0, 1, 0, ...x(256)])).body).toHaveLength(256)
    expect((await bodyOf([0xcb, 0xe9, ...x(512), 2, ...x(2)])).body).toHaveLength(514)
    expect((await bodyOf([0xac, 3, ...x(3)])).tag).toBe(11)
    expect((await bodyOf([0xad, 0, 3, ...x(3)])).body).toHaveLength(3)
    expect((await bodyOf([0xae, 0, 0, 0, 3, ...x(3)])).body).toHaveLength(3)
    expect((await bodyOf([0xa3, ...x(700)])).body).toHaveLength(700)
  })

  test.each([
    ['no packet', [0x41]],
    ['a short partial length', [0xcb, 0xe8, 0x78]],
    ['a signature in parts', [0xc2, 0xe9, 0x78]],
    ['a signature without a length', [0x8b, 0x78]],
    ['an end that comes early', [0xcb, 9, 0x78]],
  ])('%s is malformed', async (_name, bytes) => {
    await expect(bodyOf(bytes)).rejects.toMatchObject({ code: 'container-malformed' })
  })
})

describe('signed text', () => {
  test('line ends count as CRLF, however they are cut', () => {
    const kind = { hash: 8, type: 1, salt: new Uint8Array() }
    const digestOf = (pieces: string[]) => {
      const digests = new Digests([kind])
      for (const piece of pieces) digests.update(Buffer.from(piece))
      return digests.of({ ...kind, version: 4, signed: new Uint8Array() })!.toString('hex')
    }
    const expected = digestOf(['a\r\nb\r\n\r\nc'])
    for (const pieces of [
      ['a\nb\n\nc'],
      ['a\r', '\nb', '\n', '\nc'],
      ['a', '\n', 'b\r', '\n\r', '\nc'],
      ['a\nb\r\n', '\nc'],
    ]) {
      expect(digestOf(pieces)).toBe(expected)
    }
    expect(digestOf(['a\rb\n\nc'])).not.toBe(expected)
  })

  const block = (head: string, text: string) =>
    Buffer.from(
      `-----BEGIN PGP SIGNED MESSAGE-----\n${head}\n${text}\n-----BEGIN PGP SIGNATURE-----\n\nxx\n-----END PGP SIGNATURE-----\n`,
    )

  test.each([
    ['a header that looks signed', block('Comment: Pay Eve\n', 'text')],
    ['a list of hashes that is a sentence', block('Hash: SHA256, please pay 5000 to Eve\n', 'text')],
    ['a long list of hashes with words at its end', block(`Hash: ${'SHA256, '.repeat(30)}pay Eve\n`, 'text')],
    ['a bare dash', block('Hash: SHA256\n', '-----not escaped')],
    ['no signature', Buffer.from('-----BEGIN PGP SIGNED MESSAGE-----\n\nwords\n')],
    ['no text', Buffer.from('-----BEGIN PGP SIGNED MESSAGE-----')],
  ])('%s is malformed', async (_name, bytes) => {
    await expect(pgpReadSignedText(bytes, [], { time: 0 })).rejects.toMatchObject({ code: 'container-malformed' })
  })

  test('blocks are whole lines; what is quoted, cut off or inside another is none', () => {
    const kinds = (text: string) => pgpBlocksOf(Buffer.from(text)).map(({ kind }) => kind)
    const message = '-----BEGIN PGP MESSAGE-----\n\nYWJj\n-----END PGP MESSAGE-----\n'
    expect(kinds('')).toEqual([])
    expect(kinds('words')).toEqual(['text'])
    expect(kinds(message)).toEqual(['message'])
    expect(kinds(` \r\n${message}\n\t\n`)).toEqual(['message'])
    expect(kinds(`a\n${message}b\n${message}`)).toEqual(['text', 'message', 'text', 'message'])
    expect(kinds(message.replaceAll(/^/gm, '> '))).toEqual(['text'])
    expect(kinds(`words -----BEGIN PGP MESSAGE-----\n${message}`)).toEqual(['text', 'message'])
    expect(kinds(message.replace('END', 'ENDE'))).toEqual(['damaged'])
    expect(kinds(`-----BEGIN PGP MESSAGE-----\n\n${message}`)).toEqual(['damaged'])
    expect(kinds(`${block('Hash: SHA256\n', 'a')}`)).toEqual(['signed-text'])
    expect(kinds('-----BEGIN PGP SIGNED MESSAGE-----\n\nwords\n')).toEqual(['damaged'])
    expect(kinds(message.replaceAll('MESSAGE', 'PUBLIC KEY BLOCK'))).toEqual(['public-key'])
    expect(kinds(message.repeat(70))).toHaveLength(65)
  })
})

describe('ranges', () => {
  test('ranges of a source are one source', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 8 }),
        fc.nat(400),
        fc.nat(400),
        async (parts, a, b) => {
          const whole = Buffer.from(Array.from({ length: 900 }, (_, at) => at & 0xff))
          let at = 0
          const ranges = parts.map(([gap, length]) => {
            const range = { start: at + gap, end: at + gap + length }
            at = range.end
            return range
          })
          const expected = Buffer.concat(ranges.map(({ start, end }) => whole.subarray(start, end)))
          const base: OpenByteSource = { ...bytesOf(whole), [Symbol.asyncDispose]: async () => {} }
          const source = rangesOf(base, ranges)
          const start = Math.min(a, b, expected.length)
          const end = Math.min(Math.max(a, b), expected.length)
          expect(source.size).toBe(expected.length)
          expect((await collect(source.stream())).equals(expected)).toBe(true)
          expect((await source.read(start, end)).equals(expected.subarray(start, end))).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
  })
})
