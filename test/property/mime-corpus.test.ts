/** Every message of the corpus: what is not to change keeps its bytes, what is unclear is told, whatever happens to the message. */
import { describe, expect, it } from 'vitest'
import { parseMail } from '../../server/journey/parse/parse-mail.ts'
import { rangeEntity } from '../../server/mime/build.ts'
import { contentEntity, outerFields } from '../../server/mime/content-of.ts'
import { decodedBody } from '../../server/mime/decode.ts'
import { editContent } from '../../server/mime/edit.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import { type MimeIndex, type MimePart, partsOf } from '../../server/mime/part.ts'
import { readableParts } from '../../server/mime/readable.ts'
import { messageOf, writeEntity } from '../../server/mime/write.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { Fault } from '../../shared/fault/index.ts'
import { mutated, Random } from '../nightly/random.ts'
import { corpus, type Sample } from '../support/corpus/corpus.ts'

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const chunk of chunks) kept.push(chunk)
  return Buffer.concat(kept)
}
const written = (bytes: Buffer, index: MimeIndex) =>
  collect(writeEntity(messageOf(outerFields(index), contentEntity(bytesOf(bytes), index))))

/** A header of whole CRLF lines with an empty line after it; the gateway accepts no other and writes no other. */
function isWhole({ bytes }: Sample): boolean {
  const end = bytes.indexOf('\r\n\r\n')
  return end > 0 && !/(?<!\r)\n/.test(bytes.toString('latin1', 0, end))
}

const block = { position: 'bottom', text: 'Inserted words', html: '<p>Inserted words</p>' } as const

/** Parts that an edit of the readable body may rewrite, and whatever they stand in. */
function touched(index: MimeIndex): Set<MimePart> {
  const { groups } = readableParts(index.root, { enterSigned: false })
  const body = groups.flatMap((group) => [...group.plain, ...group.html])
  const all = new Set<MimePart>(body)
  for (const part of body) {
    for (let at = part.parent; at !== null; at = index.parts[at]!.parent) all.add(index.parts[at]!)
  }
  return all
}

/** Decoded text of every part. */
async function texts(bytes: Buffer): Promise<string> {
  const { parts } = await indexMime(bytesOf(bytes))
  const leaves = parts.filter(({ shape, type }) => shape === 'leaf' && type.startsWith('text/'))
  const found = await Promise.all(leaves.map((part) => collect(decodedBody(bytesOf(bytes), part))))
  return found.map(String).join('\n')
}

describe('the corpus', () => {
  it('has at least 300 messages, each under its own name and with its own bytes', () => {
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length)
    expect(new Set(corpus.map(({ bytes }) => bytes.toString('base64'))).size).toBeGreaterThanOrEqual(300)
  })

  it('is written again byte for byte, and each part of it', async () => {
    let whole = 0
    for (const sample of corpus) {
      const { name, bytes } = sample
      const index = await indexMime(bytesOf(bytes))
      for (const part of index.parts) {
        if (part.parent === null) continue
        const range = bytes.subarray(part.start, part.bodyEnd)
        const crlf = range.includes('\r\n\r\n') || range.subarray(0, 2).equals(Buffer.from('\r\n'))
        if (crlf) expect((await collect(writeEntity(rangeEntity(bytesOf(bytes), part)))).equals(range), name).toBe(true)
      }
      if (!isWhole(sample)) continue
      whole++
      expect((await written(bytes, index)).equals(bytes), name).toBe(true)
    }
    expect(whole).toBeGreaterThan(corpus.length - 5)
  })

  it('keeps every other byte when words are put into the body', async () => {
    for (const { name, bytes } of corpus) {
      const index = await indexMime(bytesOf(bytes))
      const out = await collect(writeEntity(editContent(bytesOf(bytes), index, { insert: [block] })))
      const rewritten = touched(index)
      expect(await texts(out), name).toContain('Inserted words')
      for (const part of index.parts) {
        if (rewritten.has(part) || part.parent === null) continue
        expect(out.includes(bytes.subarray(part.start, part.bodyEnd)), `${name}, part ${part.id}`).toBe(true)
      }
    }
  })

  it('keeps every other byte when a file is taken out', async () => {
    let tried = 0
    for (const { name, bytes } of corpus) {
      const index = await indexMime(bytesOf(bytes))
      const part = index.parts.findLast((one) => one.shape === 'leaf' && one.fileName !== '' && one.parent !== null)
      if (!part || part.opaque || index.parts[part.parent!]!.children.length < 2) continue
      tried++
      const out = await collect(writeEntity(editContent(bytesOf(bytes), index, { remove: new Set([part.id]) })))
      const { root } = index
      const rest = Buffer.concat([bytes.subarray(root.bodyStart, part.line), bytes.subarray(part.end, root.bodyEnd)])
      expect(out.subarray(out.length - rest.length).equals(rest), name).toBe(true)
    }
    expect(tried).toBeGreaterThan(100)
  })

  it('never touches what is signed or encrypted', async () => {
    for (const { name, bytes } of corpus.filter((one) => one.name.startsWith('sealed/'))) {
      const index = await indexMime(bytesOf(bytes))
      const out = await collect(writeEntity(editContent(bytesOf(bytes), index, { insert: [block] })))
      for (const part of partsOf(index.root)) {
        if (!part.opaque) continue
        expect(out.includes(bytes.subarray(part.bodyStart, part.bodyEnd)), name).toBe(true)
        if (part.children.length === 0 && part.parent !== null) {
          await expect(async () =>
            editContent(bytesOf(bytes), index, { remove: new Set([part.id]) }),
          ).rejects.toMatchObject({ code: 'action-impossible' })
        }
      }
    }
  })

  it('tells everything of an honest mail, and of an unclear one that it is', async () => {
    for (const { name, bytes, clean } of corpus) {
      const { message, attachments } = await parseMail(bytesOf(bytes))
      const doubt = message.defects.length > 0 || message.bodyCut === true || attachments === undefined
      const sealed = message.content.endsWith('encrypted') || /opaque-signed/.test(name)
      if (!sealed) expect({ name, doubt, defects: message.defects }).toMatchObject({ name, doubt: !clean })
      else if (clean) expect({ name, defects: message.defects }).toEqual({ name, defects: [] })
    }
  })

  it('keeps identity and order of ranges however it is damaged', async () => {
    const small = corpus.filter(({ bytes }) => bytes.length < 20_000)
    const pool = small.map(({ bytes }) => bytes)
    const marks = ['\r\n', '--', '\r\n--', ';', '=', ':', '"', 'Content-Type: ', 'boundary=', '\0', '(', 'X-A: b\r\n']
    for (let turn = 0; turn < 1_500; turn++) {
      const random = new Random(turn)
      const bytes = random.below(5) === 0 ? swapped(random, random.pick(pool)) : mutated(random, pool, marks)
      const index = await indexMime(bytesOf(bytes)).catch((error: unknown) => {
        if (error instanceof Fault) return null
        throw error
      })
      if (!index) continue
      for (const part of index.parts) {
        const ends = [part.line, part.start, part.bodyStart, part.bodyEnd, part.end, bytes.length]
        expect(ends, `turn ${turn}`).toEqual(ends.toSorted((a, b) => a - b))
      }
      const whole = { name: '', bytes, clean: false }
      if (isWhole(whole) && bytes.subarray(index.root.bodyStart - 4, index.root.bodyStart).toString() === '\r\n\r\n') {
        expect((await written(bytes, index)).equals(bytes), `turn ${turn}`).toBe(true)
      }
    }
  })
})

/** Two lines of the header change places. */
function swapped(random: Random, bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n')
  const lines = bytes.toString('latin1', 0, end).split('\r\n')
  const [a, b] = [random.below(lines.length), random.below(lines.length)]
  ;[lines[a], lines[b]] = [lines[b]!, lines[a]!]
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), bytes.subarray(end)])
}
