import type { Steps } from '../../../../shared/policy/steps.ts'
import { decodeCharset, withoutTrailing } from '../../../mime/charset.ts'
import { decompressRtf } from './compressed-rtf.ts'
import { type MapiProperty, readProperties } from './mapi.ts'

export interface TnefFile {
  readonly name: string
  readonly otherNames: readonly string[]
  readonly data: Buffer
  /** A message inside, in the same format. */
  readonly message: boolean
}

/** What a winmail.dat holds (MS-OXTNEF). */
export interface Tnef {
  readonly files: readonly TnefFile[]
  /** Words a reader of TNEF shows instead of the mail's own text; HTML and RTF as they stand. */
  readonly texts: readonly { readonly kind: 'plain' | 'html' | 'rtf'; readonly text: string }[]
  /** Every attribute was read to the end. */
  readonly whole: boolean
}

/** Longest text, in its coding and as RTF; of a longer one the rest is not read, and the stream is not whole. */
const TEXT_MAX = 1_048_576
const [TITLE, DATA, RENDER, ATTACHMENT, BODY, MESSAGE_PROPERTIES, SUBJECT, CODEPAGE] = [
  0x8010, 0x800f, 0x9002, 0x9005, 0x800c, 0x9003, 0x8004, 0x9007,
]

interface Draft {
  titles: string[]
  data: Buffer | null
  message: boolean
}

/** Reads a TNEF stream; bounds are those of the bytes. Never throws. */
export function* readTnef(bytes: Buffer): Steps<Tnef> {
  const drafts: Draft[] = []
  const texts: Tnef['texts'][number][] = []
  let whole = bytes.length >= 6 && bytes.readUInt32LE(0) === 0x223e9f78
  let charset = 'windows-1252'
  const text = (data: Buffer) => {
    if (data.length > TEXT_MAX) whole = false
    return withoutTrailing(decodeCharset(data.subarray(0, TEXT_MAX), charset), '\0')
  }
  const top = () => {
    if (drafts.length === 0) drafts.push({ titles: [], data: null, message: false })
    return drafts.at(-1)!
  }
  for (let at = 6; whole && at < bytes.length; ) {
    yield
    if (at + 11 > bytes.length) {
      whole = false
      break
    }
    const level = bytes[at]!
    const id = bytes.readUInt16LE(at + 1)
    const length = bytes.readUInt32LE(at + 5)
    const data = bytes.subarray(at + 9, at + 9 + length)
    if ((level !== 1 && level !== 2) || data.length < length || at + 11 + length > bytes.length) whole = false
    at += 11 + length
    if (id === CODEPAGE && data.length >= 4) charset = `windows-${data.readUInt32LE(0)}`
    else if (id === SUBJECT) texts.push({ kind: 'plain', text: text(data) })
    else if (id === BODY) texts.push({ kind: 'plain', text: text(data) })
    else if (id === RENDER) drafts.push({ titles: [], data: null, message: false })
    else if (id === TITLE) top().titles.push(text(data))
    else if (id === DATA) top().data = data
    else if (id === ATTACHMENT) whole = (yield* attachment(data, top(), text)) && whole
    else if (id === MESSAGE_PROPERTIES) whole = (yield* bodies(data, texts, text)) && whole
  }
  const files = drafts
    .filter(({ titles, data }) => titles.length > 0 || data !== null)
    .map(({ titles, data, message }) => {
      const names = [...new Set(titles.filter(Boolean))]
      return { name: names.at(-1) ?? '', otherNames: names.slice(0, -1), data: data ?? Buffer.alloc(0), message }
    })
  return { files, texts, whole }
}

/** PidTagAttachLongFilename, PidTagAttachFilename, PidTagDisplayName, PidTagAttachDataBinary and -Object (MS-OXPROPS). */
function* attachment(data: Buffer, draft: Draft, text: (data: Buffer) => string): Steps<boolean> {
  const { properties, whole } = yield* readProperties(data)
  for (const property of properties) {
    yield
    if (property.id === 0x3704 || property.id === 0x3707) draft.titles.push(stringOf(property, text))
    if (property.id !== 0x3701) continue
    // An object begins with the identifier of its interface; that of a message is IMessage (MS-OXTNEF 2.1.3.4).
    const object = property.type === 0x000d
    draft.message = object && property.value.subarray(16, 20).equals(Buffer.from([0x78, 0x9f, 0x3e, 0x22]))
    draft.data = object ? property.value.subarray(16) : property.value
  }
  return whole
}

/** PidTagBody, PidTagHtml and PidTagRtfCompressed. */
function* bodies(data: Buffer, texts: Tnef['texts'][number][], text: (data: Buffer) => string): Steps<boolean> {
  const { properties, whole } = yield* readProperties(data)
  for (const property of properties) {
    yield
    if (property.id === 0x1000) texts.push({ kind: 'plain', text: stringOf(property, text) })
    if (property.id === 0x1013) texts.push({ kind: 'html', text: stringOf(property, text) })
    if (property.id === 0x1009) {
      const rtf = yield* decompressRtf(property.value, TEXT_MAX)
      if (rtf === null || rtf.length >= TEXT_MAX) return false
      texts.push({ kind: 'rtf', text: rtf.toString('latin1') })
    }
  }
  return whole
}

function stringOf({ type, value }: MapiProperty, text: (data: Buffer) => string): string {
  if (type !== 0x001f || value.length > TEXT_MAX) return text(value)
  return withoutTrailing(value.toString('utf16le'), '\0')
}
