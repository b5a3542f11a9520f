import { type Detect, startsWith } from './content-type.ts'

/** Names of streams in a compound file (MS-CFB 2.6.1) that tell what it is; matched by `OleWatch` while the bytes go by. */
export const OLE_NAMES = [
  'EncryptedPackage',
  'EncryptionInfo',
  '_VBA_PROJECT_CUR',
  '_VBA_PROJECT',
  'VBA',
  'Macros',
  'WordDocument',
  'Workbook',
  'Book',
  'PowerPoint Document',
  '__properties_version1.0',
  'VisioDocument',
] as const

/** Compound files: Office before 2007, encrypted Office Open XML (MS-OFFCRYPTO 2.3), Outlook messages. */
export const detectOle: Detect = (content) => {
  if (!startsWith(content, [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])) return null
  const has = (name: string) => content.seen.has(`ole:${name}`)
  const macro = has('_VBA_PROJECT_CUR') || has('_VBA_PROJECT') || has('VBA') || has('Macros')
  if (has('EncryptedPackage') || has('EncryptionInfo')) return { type: 'ooxml-encrypted', encrypted: true }
  if (has('WordDocument')) return { type: 'doc', macro }
  if (has('Workbook') || has('Book')) return { type: 'xls', macro }
  if (has('PowerPoint Document')) return { type: 'ppt', macro }
  if (has('__properties_version1.0')) return { type: 'msg', macro }
  if (has('VisioDocument')) return { type: 'vsd', macro }
  return { type: 'ole', macro }
}
