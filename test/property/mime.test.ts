import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rangeEntity } from '../../server/mime/build.ts'
import { contentEntity, outerFields } from '../../server/mime/content-of.ts'
import { decodedBody, decodeStream } from '../../server/mime/decode.ts'
import { editContent } from '../../server/mime/edit.ts'
import { encodeBase64, encodeQuotedPrintable } from '../../server/mime/encode.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { editHeader, parseHeader } from '../../server/mime/header.ts'
import { indexMime, type MimeIndex } from '../../server/mime/index-mime.ts'
import { sevenBitSafe } from '../../server/mime/to7bit.ts'
import { messageOf, multipart, textPart, writeEntity } from '../../server/mime/write.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { Fault } from '../../shared/fault/index.ts'
import { fileEntity, mailOf, messageEntity, multipartEntity, textEntity } from '../support/mails.ts'

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const chunk of chunks) kept.push(chunk)
  return Buffer.concat(kept)
}
const written = (entity: Entity) => collect(writeEntity(entity))

async function* chunked(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % Math.max(1, sizes.length)] ?? bytes.length
    yield bytes.subarray(at, at + size)
    at += size
  }
}
const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 6 })

const line = fc
  .string({ maxLength: 90, unit: 'grapheme' })
  .map((text) => text.replace(/[\r\n\0]/g, ' ').replace(/^--/, 'xx'))
const lines = fc.array(line, { maxLength: 8 }).map((list) => list.join('\r\n'))
const leaf = fc.oneof(
  lines.map((text) => textEntity('plain', text)),
  lines.map((text) => textEntity('html', `<p>${text}</p>`)),
  fc
    .uint8Array({ maxLength: 300 })
    .map((data) => fileEntity({ name: 'file.bin', mediaType: 'application/octet-stream', data })),
)
const { tree } = fc.letrec<{ tree: Buffer }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf,
    fc
      .tuple(
        fc.constantFrom('mixed', 'alternative', 'related', 'signed', 'digest'),
        fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
      )
      .map(([subtype, parts]) => multipartEntity(subtype, parts)),
    tie('tree').map((entity) => messageEntity(mailOf(entity))),
  ),
}))
const mail = tree.map((entity) => mailOf(entity))

/** A mail with some bytes changed, cut, doubled or replaced by marks that mean something to a parser. */
const mutated = fc
  .tuple(
    mail,
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat({ max: 40 }),
        fc.constantFrom('', '\n', '\r', '\r\n\r\n', '--', '=', ':', '"', '\0', 'ÿ', 'boundary=', '\r\n--test'),
      ),
      { minLength: 1, maxLength: 8 },
    ),
  )
  .map(([bytes, changes]) => {
    let result = bytes
    for (const [position, length, text] of changes) {
      const at = position % (result.length + 1)
      result = Buffer.concat([result.subarray(0, at), Buffer.from(text, 'latin1'), result.subarray(at + length)])
    }
    return result
  })

const reassembled = (bytes: Buffer, index: MimeIndex) =>
  written(messageOf(outerFields(index), contentEntity(bytesOf(bytes), index)))

describe('MIME index and writer', () => {
  it('writes an unchanged mail byte for byte, and each part as its range', async () => {
    await fc.assert(
      fc.asyncProperty(mail, sizes, async (bytes, chunks) => {
        const source = bytesOf(bytes)
        const index = await indexMime(source)
        expect(await reassembled(bytes, index)).toEqual(bytes)
        for (const part of index.parts) {
          expect(await written(rangeEntity(source, part))).toEqual(bytes.subarray(part.start, part.bodyEnd))
        }
        expect(await indexMime({ ...source, stream: () => chunked(bytes, chunks) })).toEqual(index)
      }),
      { numRuns: 150 },
    )
  })

  it('indexes damaged mail within bounds, the same in any chunks, and gives its bytes back', async () => {
    await fc.assert(
      fc.asyncProperty(mutated, sizes, async (bytes, chunks) => {
        const index = await indexMime(bytesOf(bytes)).catch((error: unknown) => error)
        if (!(index instanceof Object && 'root' in index)) return expect(index).toBeInstanceOf(Fault)
        const found = index as MimeIndex
        for (const part of found.parts) {
          expect(
            part.line <= part.start &&
              part.start <= part.bodyStart &&
              part.bodyStart <= part.bodyEnd &&
              part.bodyEnd <= part.end,
          ).toBe(true)
          let at = part.bodyStart
          for (const child of part.children) {
            expect(child.line).toBeGreaterThanOrEqual(at)
            expect(child.end).toBeLessThanOrEqual(part.end)
            at = child.end
          }
        }
        expect(await indexMime({ ...bytesOf(bytes), stream: () => chunked(bytes, chunks) })).toEqual(found)
        const { root } = found
        const terminated = bytes.subarray(root.bodyStart - 4, root.bodyStart).toString('latin1') === '\r\n\r\n'
        const crlf = !/(^|[^\r])\n/.test(bytes.subarray(0, root.bodyStart).toString('latin1'))
        if (terminated && crlf) expect(await reassembled(bytes, found)).toEqual(bytes)
      }),
      { numRuns: 400 },
    )
  })

  it('keeps every header line that an edit does not name', () => {
    const name = fc.constantFrom('X-One', 'X-Two', 'Received', 'Subject', 'x-one')
    const field = fc
      .tuple(name, line, fc.boolean())
      .map(([key, value, folded]) => `${key}: ${value}${folded ? '\r\n\tmore' : ''}`)
    fc.assert(
      fc.property(fc.array(field, { maxLength: 12 }), (list) => {
        const { fields } = parseHeader(Buffer.from(list.map((text) => `${text}\r\n`).join('')))
        expect(fields.map(({ raw }) => raw.toString())).toEqual(list)
        const edited = editHeader(fields, { remove: new Set(['x-one']), set: [{ name: 'Subject', value: 'New' }] })
        const others = (of: readonly string[]) => of.filter((text) => !/^(x-one|subject):/i.test(text))
        expect(others(edited.map(({ raw }) => raw.toString()))).toEqual(others(list))
        expect(edited.filter((one) => one.name === 'subject').map(({ raw }) => raw.toString())).toEqual([
          'Subject: New',
        ])
        expect(edited.some((one) => one.name === 'x-one')).toBe(false)
      }),
    )
  })
})

describe('transfer encodings', () => {
  it('encode and decode any bytes in any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), sizes, sizes, async (data, cutsIn, cutsOut) => {
        const bytes = Buffer.from(data)
        const base64 = await collect(encodeBase64(chunked(bytes, cutsIn)))
        expect(base64.toString()).toBe(
          (bytes.toString('base64').match(/.{1,76}/g) ?? []).map((text) => `${text}\r\n`).join(''),
        )
        const quoted = await collect(encodeQuotedPrintable(chunked(bytes, cutsIn)))
        for (const text of quoted.toString('latin1').split('\r\n')) {
          expect(text.length).toBeLessThanOrEqual(76)
          expect(text).toMatch(/^[\x20-\x7e\t]*$/)
        }
        const defects = new Set<string>()
        expect(await collect(decodeStream(chunked(base64, cutsOut), 'base64', defects))).toEqual(bytes)
        expect(await collect(decodeStream(chunked(quoted, cutsOut), 'quoted-printable', defects))).toEqual(bytes)
        expect([...defects]).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('decode any text as Node decodes base64, and quoted-printable the same in any chunks', async () => {
    const text = fc.string({ maxLength: 200, unit: fc.constantFrom(...'ABab01+/=\r\n \t*.-F') })
    await fc.assert(
      fc.asyncProperty(text, sizes, async (wire, cuts) => {
        const bytes = Buffer.from(wire, 'latin1')
        // Node reads the URL alphabet as well; RFC 2045 does not.
        const plain = Buffer.from(wire.replaceAll('-', ''), 'latin1')
        expect(await collect(decodeStream(chunked(plain, cuts), 'base64'))).toEqual(
          Buffer.from(
            plain
              .toString()
              .split('=')[0]!
              .replace(/[^A-Za-z0-9+/]/g, ''),
            'base64',
          ),
        )
        const whole = await collect(decodeStream(chunked(bytes, [bytes.length || 1]), 'quoted-printable'))
        expect(await collect(decodeStream(chunked(bytes, cuts), 'quoted-printable'))).toEqual(whole)
      }),
      { numRuns: 400 },
    )
  })
})

/** Decoded leaves, as a reader has them. */
async function leaves(bytes: Buffer): Promise<{ name: string; type: string; data: string }[]> {
  const source = bytesOf(bytes)
  const index = await indexMime(source)
  const result = []
  for (const part of index.parts) {
    if (part.shape !== 'leaf') continue
    result.push({
      name: part.fileName,
      type: part.type,
      data: (await collect(decodedBody(source, part))).toString('latin1'),
    })
  }
  return result
}

describe('editing content', () => {
  it('removes what it should and inserts the block, everything else stays', async () => {
    await fc.assert(
      fc.asyncProperty(mail, fc.nat(), fc.constantFrom('top', 'bottom'), async (bytes, pick, position) => {
        const source = bytesOf(bytes)
        const index = await indexMime(source)
        const candidates = index.parts.filter((part) => part.fileName !== '' && !part.opaque)
        const victim = candidates.length ? candidates[pick % candidates.length] : undefined
        const block = { position: position as 'top' | 'bottom', text: 'BLOCK-plain', html: '<p>BLOCK-html</p>' }
        const remove = new Set(victim ? [victim.id] : [])
        const edited = await written(editContent(source, index, { remove, insert: [block] }))
        const before = await leaves(bytes)
        const after = await leaves(edited)
        expect(after.some(({ data }) => data.includes('BLOCK-'))).toBe(true)
        expect(after.filter(({ name }) => name).length).toBe(before.filter(({ name }) => name).length - remove.size)
        const files = before.filter(({ name }) => name).map(({ data }) => data)
        for (const { name, data } of after) if (name) expect(files).toContain(data)
        for (const part of index.parts) {
          if (
            part.type !== 'multipart/signed' ||
            [...remove].some((id) => id >= part.id && index.parts[id]!.end <= part.end)
          )
            continue
          // The root's own header is the message's.
          const start = part.parent === null ? part.bodyStart : part.start
          expect(edited.includes(bytes.subarray(start, part.bodyEnd))).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('makes content 7-bit without changing what it decodes to', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (entity) => {
        const bytes = entity
        const index = await indexMime(bytesOf(bytes))
        const content = contentEntity(bytesOf(bytes), index)
        const safe = await sevenBitSafe(content)
        const out = await written(safe)
        const opaque = index.parts.some((part) => part.opaque)
        if (!opaque) expect(out.every((byte) => byte < 128 && byte !== 0)).toBe(true)
        expect(await leaves(out)).toEqual(await leaves(bytes))
        if (bytes.every((byte) => byte < 128)) expect(safe).toBe(content)
      }),
      { numRuns: 200 },
    )
  })

  it('builds multiparts whose parts come back, with the size it promised', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(lines, { minLength: 1, maxLength: 4 }), async (texts) => {
        const entity = multipart(
          'mixed',
          texts.map((text) => textPart('plain', text)),
        )
        const out = await written(entity)
        expect((await leaves(out)).map(({ data }) => Buffer.from(data, 'latin1').toString())).toEqual(
          texts.map((text) => text.toWellFormed()),
        )
        if (entity.size !== undefined) expect((await collect(entity.body())).length).toBe(entity.size)
      }),
      { numRuns: 100 },
    )
  })
})
