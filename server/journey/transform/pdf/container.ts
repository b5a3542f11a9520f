/**
 * The encrypted PDF container (ISO 32000-2): a rendered page, and the mail's files embedded beside it (7.11.4, 14.13).
 * Written in one pass: every length is known before a file is read, so files stream through and memory stays flat.
 */
import { randomBytes } from 'node:crypto'
import { PDFDict, PDFDocument } from 'pdf-lib'
import { Fault } from '../../../../shared/fault/index.ts'
import { inTurns } from '../../../threads/turn.ts'
import { containerNames } from './file-names.ts'
import { createSecurityHandler, encryptedLength, type SecurityHandler } from './security-handler.ts'
import {
  dateText,
  dictionaryEntries,
  isFileStructure,
  nameObject,
  objectBytes,
  textString,
  utf16,
} from './serialize.ts'
import { withUnpackingLimit } from './unpacking.ts'

export interface ContainerFile {
  /** As the sender named it; made safe and unique in the container. */
  readonly name: string
  /** `type/subtype`; anything else is written as application/octet-stream. */
  readonly mediaType: string
  /** Bytes that `stream` will give, exactly. */
  readonly size: number
  /** Epoch milliseconds. */
  readonly modified?: number
  stream(): AsyncIterable<Uint8Array>
}

export interface ContainerOptions {
  /** A complete PDF that is not encrypted. */
  readonly page: Buffer
  readonly files: readonly ContainerFile[]
  readonly userPassword: string
  /** Opens the container as well; null: nothing but the user's password does. */
  readonly ownerPassword: string | null
  /** Epoch milliseconds: the date of files that have none of their own. */
  readonly time: number
}

/** For `Receipt.layers`. */
export function describePdf(): string {
  return 'PDF 2.0, AES-256 (revision 6)'
}

/** The cross-reference table has ten digits for an offset (7.5.4). */
const MAX_SIZE = 9_999_999_999
/** Pieces handed to the cipher, whatever the source's own. */
const PIECE = 262_144

/** Objects of a page that are packed, together, bytes; a PDF of 30 MB with many tags has some 20 MB of them. */
const MAX_UNPACKED = 64 * 1024 * 1024
/** Numbers for each object there is. */
const MAX_SPARSE = 16

const CATALOG_OURS = ['Names', 'AF', 'PageMode', 'Version', 'Extensions']

export interface Container {
  /** Bytes. */
  readonly size: number
  /**
   * Reads the files as it goes, and gives the same bytes each time; raises `internal` when a file gives more or fewer bytes
   * than it said.
   */
  stream(): AsyncIterable<Buffer>
}

/**
 * The container under a fresh key; no file is read yet. Raises `password-unusable`; `render-failed` when the page is no
 * readable PDF; `message-too-large` beyond 10 GB.
 */
export async function encryptedContainer(options: ContainerOptions): Promise<Container> {
  const parts = await layOut(options)
  return {
    size: parts.reduce((sum, part) => sum + partLength(part), 0),
    async *stream() {
      for (const part of parts) {
        if (Buffer.isBuffer(part)) yield part
        else yield* encryptedFile(part)
      }
    },
  }
}

/** The bytes of `encryptedContainer`. */
export async function* encryptedPdf(options: ContainerOptions): AsyncIterable<Buffer> {
  yield* (await encryptedContainer(options)).stream()
}

interface FilePart {
  readonly file: ContainerFile
  readonly handler: SecurityHandler
  /** Drawn once, so that the container is the same each time it is written. */
  readonly iv: Buffer
}
/** The file in order: bytes that are ready, and the files in between. */
type Part = Buffer | FilePart

async function layOut(options: ContainerOptions): Promise<Part[]> {
  const handler = await inTurns(createSecurityHandler({ user: options.userPassword, owner: options.ownerPassword }))
  const document = await readPage(options.page)
  const { context, catalog } = document
  const encrypt = handler.encrypt
  const writer = createWriter()

  let next = context.largestObjectNumber + 1
  const names = containerNames(options.files.map((file) => file.name))
  const files = options.files.map((file, i) => ({ file, name: names[i]!, stream: next++, specification: next++ }))
  const encryption = next++

  writer.write('%PDF-2.0\n%\u00e2\u00e3\u00cf\u00d3\n')
  for (const [ref, object] of context.enumerateIndirectObjects()) {
    if (isFileStructure(object)) continue
    const isCatalog = object === catalog
    // A document that only gets a password keeps its own names and files.
    const bytes =
      isCatalog && files.length > 0
        ? Buffer.from(`<<${dictionaryEntries(catalog, encrypt, CATALOG_OURS)} ${embedding(files, handler)}>>`, 'latin1')
        : objectBytes(object, encrypt)
    writer.object(ref.objectNumber, [bytes])
  }
  for (const { file, name, stream, specification } of files) {
    writer.object(stream, [
      ascii(
        `<< /Type /EmbeddedFile /Subtype ${nameObject(mediaType(file))} /Length ${encryptedLength(file.size)} ` +
          `/Params << /Size ${file.size} /ModDate ${textDate(file.modified ?? options.time, handler)} >> >>\nstream\n`,
      ),
      { file, handler, iv: randomBytes(16) },
      ascii('\nendstream'),
    ])
    writer.object(specification, [
      ascii(
        `<< /Type /Filespec /F ${textString(name, encrypt)} /UF ${textString(name, encrypt)} ` +
          `/EF << /F ${stream} 0 R /UF ${stream} 0 R >> /AFRelationship /Unspecified >>`,
      ),
    ])
  }
  writer.object(encryption, [ascii(handler.dictionary)])
  const { Root, Info } = context.trailerInfo
  return writer.finish(next, `/Root ${Root} ${Info ? `/Info ${Info} ` : ''}/Encrypt ${encryption} 0 R`)
}

/** A whole, unencrypted PDF. Raises `render-failed` for anything else. */
async function readPage(page: Buffer): Promise<PDFDocument> {
  try {
    const document = await withUnpackingLimit(MAX_UNPACKED, () =>
      PDFDocument.load(page, { updateMetadata: false, throwOnInvalidObject: true }),
    )
    if (!(document.catalog instanceof PDFDict) || document.getPageCount() === 0) throw new Error('no pages')
    const { context } = document
    const objects = context.enumerateIndirectObjects()
    if (objects.some(([ref]) => ref.generationNumber !== 0)) throw new Error('object numbers used twice')
    // The cross-reference table has a line for every number up to the largest.
    if (context.largestObjectNumber > MAX_SPARSE * (objects.length + 1_000))
      throw new Error('object numbers too far apart')
    return document
  } catch (cause) {
    throw new Fault('render-failed', 'the rendered page is not a readable PDF', { cause })
  }
}

/** Entries of the catalog that lead to the files: name tree (sorted by bytes, 7.9.6), associated files, opened panel. */
function embedding(files: readonly { name: string; specification: number }[], { encrypt }: SecurityHandler): string {
  if (files.length === 0) return ''
  const tree = files
    .map((file) => ({ ...file, key: utf16(file.name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ name, specification }) => `${textString(name, encrypt)} ${specification} 0 R`)
  const associated = files.map(({ specification }) => `${specification} 0 R`)
  return `/Names << /EmbeddedFiles << /Names [${tree.join(' ')}] >> >> /AF [${associated.join(' ')}] /PageMode /UseAttachments`
}

/** Gathers parts, counts bytes and remembers where each object starts. */
function createWriter() {
  const parts: Part[] = []
  const offsets = new Map<number, number>()
  let position = 0
  const add = (part: Part) => {
    parts.push(part)
    position += partLength(part)
  }
  const write = (text: string) => add(ascii(text))
  return {
    write,
    object(number: number, content: readonly Part[]) {
      offsets.set(number, position)
      write(`${number} 0 obj\n`)
      for (const part of content) add(part)
      write('\nendobj\n')
    },
    finish(size: number, trailer: string): Part[] {
      const start = position
      if (start > MAX_SIZE) throw new Fault('message-too-large', 'a PDF container holds at most 10 GB')
      const id = randomBytes(16).toString('hex')
      write(crossReference(size, offsets))
      write(`trailer\n<< /Size ${size} ${trailer} /ID [<${id}> <${id}>] >>\nstartxref\n${start}\n%%EOF\n`)
      return parts
    },
  }
}

/** Cross-reference table (7.5.4); numbers without an object form the linked list of free entries that starts at 0. */
function crossReference(size: number, offsets: ReadonlyMap<number, number>): string {
  const free = Array.from({ length: size }, (_, n) => n).filter((n) => !offsets.has(n))
  const following = new Map(free.map((n, i) => [n, free[i + 1] ?? 0]))
  const lines = Array.from({ length: size }, (_, n) => {
    const offset = offsets.get(n)
    if (offset !== undefined) return `${String(offset).padStart(10, '0')} 00000 n \n`
    return `${String(following.get(n)).padStart(10, '0')} ${n === 0 ? '65535' : '00001'} f \n`
  })
  return `xref\n0 ${size}\n${lines.join('')}`
}

async function* encryptedFile({ file, handler, iv }: FilePart): AsyncIterable<Buffer> {
  const cipher = handler.encryptor(iv)
  let left = file.size
  yield iv
  for await (const chunk of file.stream()) {
    left -= chunk.length
    if (left < 0) break
    for (let at = 0; at < chunk.length; at += PIECE) {
      const encrypted = cipher.update(chunk.subarray(at, at + PIECE))
      if (encrypted.length > 0) yield encrypted
    }
  }
  // A container whose lengths lie opens nowhere: better no mail than a broken one.
  if (left !== 0) throw new Fault('internal', 'a file changed its size while it was embedded')
  yield cipher.final()
}

function partLength(part: Part): number {
  return Buffer.isBuffer(part) ? part.length : encryptedLength(part.file.size)
}

function mediaType({ mediaType }: ContainerFile): string {
  return /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(mediaType) ? mediaType : 'application/octet-stream'
}

function textDate(time: number, { encrypt }: SecurityHandler): string {
  return `<${encrypt(Buffer.from(dateText(time), 'latin1')).toString('hex')}>`
}

function ascii(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
