/** PDF syntax (ISO 32000-2 7.3): objects that pdf-lib has read, and our own strings and names, as bytes of an encrypted file. */
import { PDFArray, PDFDict, PDFHexString, PDFName, type PDFObject, PDFStream, PDFString } from 'pdf-lib'

export type Encrypt = (data: Uint8Array) => Buffer

/** A direct object; every string in it is encrypted by itself (7.6.3). Streams are indirect only: see `streamObject`. */
export function directObject(object: PDFObject, encrypt: Encrypt): string {
  if (object instanceof PDFString || object instanceof PDFHexString) return encryptedString(object.asBytes(), encrypt)
  if (object instanceof PDFArray) {
    return `[${object
      .asArray()
      .map((item) => directObject(item, encrypt))
      .join(' ')}]`
  }
  if (object instanceof PDFDict) return `<<${dictionaryEntries(object, encrypt)}>>`
  return object.toString()
}

/** Entries without the brackets, less those named in `without`. */
export function dictionaryEntries(dict: PDFDict, encrypt: Encrypt, without: readonly string[] = []): string {
  return dict
    .entries()
    .filter(([key]) => !without.includes(key.decodeText()))
    .map(([key, value]) => `${key.toString()} ${directObject(value, encrypt)}`)
    .join(' ')
}

/** The bytes of an indirect object's value. A stream keeps its filters; encryption comes after them (7.6.3.1). */
export function objectBytes(object: PDFObject, encrypt: Encrypt): Buffer {
  if (!(object instanceof PDFStream)) return Buffer.from(directObject(object, encrypt), 'latin1')
  const content = encrypt(object.getContents())
  const head = `<<${dictionaryEntries(object.dict, encrypt, ['Length'])} /Length ${content.length}>>\nstream\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), content, Buffer.from('\nendstream', 'latin1')])
}

/** Whether an object of the page's file belongs to that file's own cross-reference and has no place in ours. */
export function isFileStructure(object: PDFObject): boolean {
  if (!(object instanceof PDFStream)) return false
  const type = object.dict.get(PDFName.of('Type'))
  return type === PDFName.of('XRef') || type === PDFName.of('ObjStm')
}

/** A text string (7.9.2.2) in UTF-16BE with its mark, encrypted. */
export function textString(text: string, encrypt: Encrypt): string {
  return encryptedString(utf16(text), encrypt)
}

export function encryptedString(bytes: Uint8Array, encrypt: Encrypt): string {
  return `<${encrypt(bytes).toString('hex')}>`
}

/** UTF-16BE with byte order mark: the order of these bytes is the order of a name tree (7.9.6). */
export function utf16(text: string): Buffer {
  return Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()])
}

/** A name object (7.3.5) with everything but letters, digits and `._-` escaped. */
export function nameObject(name: string): string {
  const escaped = [...Buffer.from(name, 'utf8')].map((byte) => {
    const character = String.fromCharCode(byte)
    return /[A-Za-z0-9._-]/.test(character) ? character : `#${byte.toString(16).padStart(2, '0').toUpperCase()}`
  })
  return `/${escaped.join('')}`
}

/** A date (7.9.4) in UTC from epoch milliseconds. */
export function dateText(time: number): string {
  const digits = new Date(time).toISOString().replace(/\D/g, '')
  return `D:${digits.slice(0, 14)}Z`
}
