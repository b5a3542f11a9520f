import { completed, type Steps } from '../../shared/policy/steps.ts'
import { decodeWords } from './encoded-word.ts'
import type { HeaderField } from './entity.ts'
import { fieldsOf, fieldValue, firstValue } from './header.ts'
import { type Parameterised, parsingParameters } from './parameters.ts'
import type { MimePart, TransferEncoding } from './part.ts'

/** What the Content-* fields of one part say, after the rules for contradictions. */
export interface ContentFields
  extends Pick<MimePart, 'type' | 'parameters' | 'encoding' | 'disposition' | 'fileName' | 'otherNames' | 'contentId'> {
  readonly defects: readonly string[]
}

const NONE: Parameterised = { value: '', parameters: new Map(), readings: new Map(), defects: [] }
const ENCODINGS: readonly string[] = ['7bit', '8bit', 'binary', 'quoted-printable', 'base64']
const SINGLE = ['content-type', 'content-transfer-encoding', 'content-disposition', 'content-id', 'mime-version']

/**
 * Reads the Content-* fields (RFC 2045, 2183, 2231). One rule per ambiguity: of duplicates the first counts; a broken type is
 * `text/plain`; the file name of Content-Disposition counts before that of Content-Type and the others are told beside it. Each use
 * of a rule that leaves something open is a defect.
 */
export function contentFields(fields: readonly HeaderField[], defaultType: string): ContentFields {
  return completed(readingContentFields(fields, defaultType))
}

/** The same in steps. */
export function* readingContentFields(fields: readonly HeaderField[], defaultType: string): Steps<ContentFields> {
  const defects = new Set<string>()
  for (const name of SINGLE) if (fieldsOf(fields, name).length > 1) defects.add(`duplicate-${name}`)
  const typeText = firstValue(fields, 'content-type')
  const typed = typeText === null ? NONE : yield* parsingParameters(typeText)
  for (const defect of typed.defects) defects.add(defect)
  const valid = /^[\w!#$&.+^-]+\/[\w!#$&.+^-]+$/.test(typed.value)
  if (typeText !== null && !valid) defects.add('content-type-invalid')

  const dispositionText = firstValue(fields, 'content-disposition')
  const disposed = dispositionText === null ? NONE : yield* parsingParameters(dispositionText)
  for (const defect of disposed.defects) defects.add(defect)
  const written = [
    disposed.parameters.get('filename'),
    typed.parameters.get('name'),
    ...(disposed.readings.get('filename') ?? []),
    ...(typed.readings.get('name') ?? []),
    ...(yield* laterNames(fields)),
  ]
  const names: string[] = []
  for (const name of written) {
    yield
    if (name !== undefined) names.push(...shownNames(name))
  }
  const fileName = names[0] ?? ''

  const contentId = firstValue(fields, 'content-id')
  return {
    type: valid ? typed.value : typeText === null ? defaultType : 'text/plain',
    parameters: typed.parameters,
    encoding: yield* transferEncoding(fields, defects),
    disposition: disposed.value || null,
    fileName,
    otherNames: [...new Set(names)].filter((name) => name !== fileName && name !== ''),
    contentId: contentId?.replace(/^<|>$/g, '') || null,
    defects: [...defects],
  }
}

function* transferEncoding(fields: readonly HeaderField[], defects: Set<string>): Steps<TransferEncoding> {
  const field = fields.find(({ name }) => name === 'content-transfer-encoding')
  if (!field) return '7bit'
  const parsed = yield* parsingParameters(fieldValue(field))
  if (parsed.value !== fieldValue(field).toLowerCase()) defects.add('transfer-encoding-odd')
  if (ENCODINGS.includes(parsed.value)) return parsed.value as TransferEncoding
  if (parsed.value === '') return '7bit'
  defects.add('transfer-encoding-unknown')
  return 'unknown'
}

/** Names of fields that stand twice: a reader may take the last. */
function* laterNames(fields: readonly HeaderField[]): Steps<string[]> {
  const names: string[] = []
  for (const [field, key] of [
    ['content-disposition', 'filename'],
    ['content-type', 'name'],
  ] as const) {
    for (const later of fieldsOf(fields, field).slice(1)) {
      const { parameters, readings } = yield* parsingParameters(fieldValue(later))
      names.push(...(readings.get(key) ?? []), ...(parameters.has(key) ? [parameters.get(key)!] : []))
    }
  }
  return names
}

/** What a mail reader would write to disk: no folders, no control or direction-changing characters, no trailing dots or spaces. */
export function shownName(name: string): string {
  const clean = decodeWords(name)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not hide an extension
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '')
    // What is longer is shortened by whoever stores it, but not by its extension.
    .slice(-1024)
  const last = clean.split(/[/\\]/).at(-1) ?? ''
  return last.replace(/^\s+|[\s.]+$/g, '')
}

/** The name, and where it has a zero byte the one of readers to whom that is its end. */
export function shownNames(name: string): readonly string[] {
  const decoded = decodeWords(name)
  const end = decoded.indexOf('\0')
  return end < 0 ? [shownName(name)] : [shownName(name), shownName(decoded.slice(0, end))]
}
