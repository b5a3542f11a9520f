import { type Content, type Detect, type Detected, RANGE_MAX, startsWith } from './content-type.ts'

/** Entries of a central directory that are looked at. */
const ENTRIES_MAX = 20_000
const ARCHIVES = /\.(zip|7z|rar|gz|tgz|tar|bz2|xz|jar|cab|iso|arj|lzh)$/i
const MACRO_FILES = /\.(docm|dotm|xlsm|xltm|xlam|xlsb|pptm|potm|ppsm|ppam)$/i

interface Entry {
  readonly name: string
  readonly encrypted: boolean
}

/** ZIP and what is made of it: Office Open XML, OpenDocument, JAR, APK, 3MF. The central directory is the truth, as for readers. */
export const detectZip: Detect = async (content) => {
  if (
    !startsWith(content, 'PK\x03\x04') &&
    !startsWith(content, 'PK\x05\x06') &&
    !startsWith(content, 'PK\x07\x08PK')
  ) {
    return null
  }
  const entries = await centralDirectory(content)
  // A directory that cannot be read hides what is inside: encryption and macros stay unknown.
  if (!entries) return { type: 'zip', archiveDepth: 1 }
  return classify(content, entries)
}

function classify(content: Content, entries: readonly Entry[]): Detected {
  const names = new Set(entries.map(({ name }) => name))
  const has = (pattern: RegExp) => entries.some(({ name }) => pattern.test(name))
  const macro = has(/(^|\/)vbaProject\.bin$|^xl\/macrosheets\//i)
  if (names.has('[Content_Types].xml')) {
    if (names.has('xl/workbook.bin')) return { type: 'xlsb', macro, encrypted: false }
    for (const [folder, type] of [
      ['word/', 'doc'],
      ['xl/', 'xls'],
      ['ppt/', 'ppt'],
      ['visio/', 'vsd'],
    ] as const) {
      if (has(new RegExp(`^${folder}`, 'i'))) return { type: type + (macro ? 'm' : 'x'), macro, encrypted: false }
    }
    if (has(/^3D\//)) return { type: '3mf' }
  }
  const declared = declaredType(content)
  const office = OPEN_DOCUMENT[declared]
  if (office) return { type: office, macro: has(/^(Basic|Scripts)\/./i) }
  if (names.has('AndroidManifest.xml')) return { type: 'apk' }
  if (names.has('META-INF/MANIFEST.MF')) return { type: 'jar' }
  return {
    type: 'zip',
    encrypted: entries.some((entry) => entry.encrypted),
    macro: macro || has(MACRO_FILES),
    archiveDepth: has(ARCHIVES) ? 2 : 1,
  }
}

/** OpenDocument and EPUB put their media type first and uncompressed (OpenDocument 1.3 part 2, 3.3). */
function declaredType({ head }: Content): string {
  if (head.length < 38 || head.toString('latin1', 30, 38) !== 'mimetype') return ''
  const start = 38 + head.readUInt16LE(28)
  return head.toString('latin1', start, start + Math.min(head.readUInt32LE(18), 100))
}

const OPEN_DOCUMENT: Readonly<Record<string, string>> = {
  'application/vnd.oasis.opendocument.text': 'odt',
  'application/vnd.oasis.opendocument.spreadsheet': 'ods',
  'application/vnd.oasis.opendocument.presentation': 'odp',
  'application/epub+zip': 'epub',
}

/** APPNOTE 4.3.12 and 4.3.16; null when there is none within bounds. */
async function centralDirectory(content: Content): Promise<readonly Entry[] | null> {
  const end = content.tail.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  if (end < 0 || end + 22 > content.tail.length) return null
  const size = content.tail.readUInt32LE(end + 12)
  // Self-extractors and appended bytes shift offsets: the directory ends where its end record begins.
  const start = content.tailStart + end - size
  if (size === 0xffffffff || start < 0 || size > RANGE_MAX) return null
  const bytes =
    start >= content.tailStart
      ? content.tail.subarray(start - content.tailStart, end)
      : await content.range(start, start + size)
  return readEntries(bytes)
}

function readEntries(bytes: Buffer): readonly Entry[] | null {
  const entries: Entry[] = []
  let at = 0
  while (at + 46 <= bytes.length && bytes.readUInt32LE(at) === 0x02014b50) {
    if (entries.length >= ENTRIES_MAX) return null
    const flags = bytes.readUInt16LE(at + 8)
    const nameLength = bytes.readUInt16LE(at + 28)
    const next = at + 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
    const name = bytes.toString(flags & 0x800 ? 'utf8' : 'latin1', at + 46, at + 46 + nameLength)
    entries.push({ name, encrypted: (flags & 0x2041) !== 0 })
    at = next
  }
  return at === bytes.length || entries.length > 0 ? entries : null
}
