import { Fault } from '../../../shared/fault/index.ts'

/** Of one list, as it comes. */
export const MAX_LIST_BYTES = 16 * 1_048_576
export const MAX_ENTRIES = 200_000
const MAX_ENTRY = 320

/** A JSON array of texts, or one entry a line with `#` before remarks. Raises `effect-refused`. */
export function entriesOf(text: string): readonly string[] {
  return bounded(text.trimStart().startsWith('[') ? jsonEntries(text) : lineEntries(text))
}

/** Raises `effect-refused` for more entries, or longer ones, than a list has. */
export function bounded(values: readonly string[]): readonly string[] {
  if (values.length > MAX_ENTRIES) throw new Fault('effect-refused', `more than ${MAX_ENTRIES} entries`)
  if (values.some((value) => value === '' || value.length > MAX_ENTRY))
    throw new Fault('effect-refused', `an entry is empty or longer than ${MAX_ENTRY} characters`)
  return values
}

function lineEntries(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function jsonEntries(text: string): readonly string[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Fault('effect-refused', 'not JSON', { cause })
  }
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
  throw new Fault('effect-refused', 'not a JSON array of texts')
}
