import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dicomOf, stepOf, zipOf } from '../../../../test/support/mails.ts'
import { contradicts } from './contradiction.ts'
import { examine } from './detect.ts'

async function* inChunks(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}
const look = (data: Buffer, size = 4_096) => examine(() => inChunks(data, size))

/** A compound file of header sector and one directory sector per four names. */
function oleOf(names: readonly string[]): Buffer {
  const header = Buffer.alloc(512)
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(header)
  const entries = names.map((name) => {
    const entry = Buffer.alloc(128)
    const bytes = Buffer.from(`${name}\0`, 'utf16le')
    bytes.copy(entry)
    entry.writeUInt16LE(bytes.length, 64)
    entry[66] = 2
    return entry
  })
  return Buffer.concat([header, Buffer.alloc(1_536, 0xff), ...entries, Buffer.alloc(512)])
}

const iges = `${'An IGES file'.padEnd(72)}S      1\r\n`
const stl = Buffer.alloc(84 + 150)
stl.writeUInt32LE(3, 80)
const tar = Buffer.alloc(1_024)
tar.write('ustar', 257)
const lnk = Buffer.from('4c0000000114020000000000c000000000000046', 'hex')

describe('types by content', () => {
  it.each<[string, Buffer, object]>([
    ['DICOM', dicomOf(1_000), { type: 'dcm' }],
    [
      'DICOM with another mark in its preamble',
      Buffer.concat([Buffer.from('%PDF-1.7'), dicomOf(1_000).subarray(8)]),
      { type: 'dcm' },
    ],
    ['STEP', stepOf(3), { type: 'step' }],
    ['STEP behind a comment', Buffer.concat([Buffer.from('/* made by */\n'), stepOf(1)]), { type: 'step' }],
    ['IFC', Buffer.from("ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('IFC4'));\n"), { type: 'ifc' }],
    ['DWG', Buffer.from('AC1032\0\0\0\0\0\0more'), { type: 'dwg' }],
    ['DXF', Buffer.from('  0\r\nSECTION\r\n  2\r\nHEADER\r\n'), { type: 'dxf' }],
    ['IGES', Buffer.from(iges), { type: 'iges' }],
    ['binary STL', stl, { type: 'stl' }],
    ['PDF', Buffer.from('%PDF-1.7\ntrailer << /Root 1 0 R >>'), { type: 'pdf', encrypted: false }],
    [
      'encrypted PDF',
      Buffer.concat([
        Buffer.from('%PDF-1.7\n'),
        Buffer.alloc(9_000, 0x20),
        Buffer.from('trailer << /Encrypt 5 0 R >>'),
      ]),
      { type: 'pdf', encrypted: true },
    ],
    ['ZIP', zipOf([{ name: 'a.txt' }]), { type: 'zip', encrypted: false, archiveDepth: 1 }],
    [
      'ZIP with encrypted entry',
      zipOf([{ name: 'a.txt' }, { name: 'b.txt', encrypted: true }]),
      { type: 'zip', encrypted: true },
    ],
    ['ZIP in ZIP', zipOf([{ name: 'x/b.tar.gz' }]), { type: 'zip', archiveDepth: 2 }],
    ['cut ZIP', zipOf([{ name: 'a.txt', data: Buffer.alloc(500) }]).subarray(0, 400), { type: 'zip', archiveDepth: 1 }],
    [
      'macro workbook',
      zipOf([{ name: '[Content_Types].xml' }, { name: 'xl/workbook.xml' }, { name: 'xl/vbaProject.bin' }]),
      { type: 'xlsm', macro: true },
    ],
    [
      'Excel 4 macros',
      zipOf([{ name: '[Content_Types].xml' }, { name: 'xl/macrosheets/sheet1.xml' }]),
      { macro: true },
    ],
    [
      'slides',
      zipOf([{ name: '[Content_Types].xml' }, { name: 'ppt/presentation.xml' }]),
      { type: 'pptx', macro: false },
    ],
    [
      'OpenDocument',
      zipOf([
        { name: 'mimetype', data: Buffer.from('application/vnd.oasis.opendocument.text') },
        { name: 'Basic/Standard/Module1.xml' },
      ]),
      { type: 'odt', macro: true },
    ],
    ['old Word', oleOf(['Root Entry', 'WordDocument']), { type: 'doc', macro: false }],
    [
      'old Word with macros',
      oleOf(['Root Entry', 'WordDocument', 'Macros', 'VBA', '_VBA_PROJECT']),
      { type: 'doc', macro: true },
    ],
    [
      'encrypted Office',
      oleOf(['Root Entry', 'EncryptionInfo', 'EncryptedPackage']),
      { type: 'ooxml-encrypted', encrypted: true },
    ],
    ['Outlook message', oleOf(['Root Entry', '__properties_version1.0']), { type: 'msg' }],
    ['gzip', gzipSync('x'), { type: 'gz' }],
    ['tar', tar, { type: 'tar' }],
    [
      'RAR 5 with encrypted headers',
      Buffer.from('526172211a070100aabbccdd210400000100', 'hex'),
      { type: 'rar', encrypted: true },
    ],
    ['executable', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(100)]), { type: 'exe' }],
    ['two letters of a text', Buffer.from('MZ is short'), { type: null }],
    ['ELF', Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), { type: 'elf' }],
    ['shortcut', lnk, { type: 'lnk' }],
    ['PNG', Buffer.from('89504e470d0a1a0a', 'hex'), { type: 'png' }],
    ['SVG', Buffer.from('\ufeff<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">'), { type: 'svg' }],
    ['HTML', Buffer.from('<!doctype html><title>x</title>'), { type: 'html' }],
    ['calendar', Buffer.from('BEGIN:VCALENDAR\r\nVERSION:2.0\r\n'), { type: 'ics' }],
    ['TNEF', Buffer.from('789f3e220100', 'hex'), { type: 'tnef' }],
    ['words', Buffer.from('Just some words.'), { type: null }],
    ['nothing', Buffer.alloc(0), { type: null, size: 0 }],
  ])('%s', async (_, data, expected) => {
    expect(await look(data)).toMatchObject(expected)
    expect(await look(data, 1)).toEqual(await look(data))
    if (_ === 'cut ZIP') expect((await look(data)).encrypted).toBeUndefined()
  })

  it('reads a central directory larger than the window by decoding again', async () => {
    const entries = Array.from({ length: 4_000 }, (_, at) => ({
      name: `a-rather-long-folder-name-to-fill/file-${at}.txt`,
      encrypted: at === 0,
    }))
    expect(await look(zipOf(entries))).toMatchObject({ type: 'zip', encrypted: true })
  })

  it('takes any bytes in any chunks, with the right size and digest', async () => {
    const magic = fc.constantFrom(
      'PK\x03\x04',
      'Rar!\x1a\x07\x01\x00',
      '7z\xbc\xaf\x27\x1c',
      '\x30\x82',
      '\x85\x01',
      '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
      '%PDF-',
      'BM',
      'AC10',
      '',
    )
    await fc.assert(
      fc.asyncProperty(
        magic,
        fc.uint8Array({ maxLength: 600 }),
        fc.constantFrom('', 'PK\x05\x06'),
        fc.uint8Array({ maxLength: 60 }),
        fc.integer({ min: 1, max: 99 }),
        async (start, middle, mark, end, size) => {
          const data = Buffer.concat([Buffer.from(start, 'latin1'), middle, Buffer.from(mark, 'latin1'), end])
          const found = await look(data, size)
          expect(found).toEqual(await look(data, data.length || 1))
          expect(found).toMatchObject({ size: data.length, hash: createHash('sha256').update(data).digest('hex') })
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('contradictions', () => {
  it.each<[string | null, string, string, boolean]>([
    ['pdf', 'pdf', 'application/pdf', false],
    ['pdf', 'pdf', 'application/octet-stream', false],
    ['pdf', '', 'application/octet-stream', false],
    ['pdf', 'docx', 'application/pdf', true],
    ['exe', 'pdf', 'application/pdf', true],
    ['exe', 'foo', 'application/octet-stream', true],
    ['zip', 'docx', 'application/octet-stream', true],
    ['zip', 'zip', 'image/png', true],
    ['p7s', 'p7m', 'application/pkcs7-mime', false],
    [null, 'pdf', 'application/pdf', true],
    [null, 'txt', 'text/plain', false],
    [null, 'csv', 'application/vnd.ms-excel', false],
    ['jpg', 'jpeg', 'image/jpg', false],
    ['step', 'stp', 'application/octet-stream', false],
  ])('%s named .%s declared %s: %s', (type, extension, declared, expected) =>
    expect(contradicts(type, new Set([extension]), declared)).toBe(expected),
  )
})
