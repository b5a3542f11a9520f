/** Names under which files stand in the container: safe to save on any system, and unlike each other. */

/** Path separators, characters Windows refuses, controls, and marks that turn the reading direction (`gpj.exe` tricks). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must go
const UNSAFE = /[\u0000-\u001f\u007f-\u009f/\\:*?"<>|\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu

/** Common file systems allow 255 bytes; room is left for ` (12)`. */
const MAX_BYTES = 240

/** One name per input, in order: NFC, safe, at most 240 bytes of UTF-8, a second `a.pdf` becomes `a (2).pdf`. */
export function containerNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  /** Where to go on counting, so that a thousand files of one name are not counted a million times. */
  const counted = new Map<string, number>()
  return names.map((name) => {
    const safe = safeName(name)
    let candidate = safe
    let n = counted.get(safe.toLowerCase()) ?? 2
    for (; taken.has(candidate.toLowerCase()); n += 1) candidate = numbered(safe, n)
    counted.set(safe.toLowerCase(), n)
    taken.add(candidate.toLowerCase())
    return candidate
  })
}

function safeName(name: string): string {
  const safe = name.toWellFormed().normalize('NFC').replace(UNSAFE, '_').trim()
  if (safe === '' || safe === '.' || safe === '..') return 'file'
  return shortened(safe)
}

/** Cuts the stem, not the extension, at a code point. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  const { stem, extension } = split(name)
  let room = MAX_BYTES - Buffer.byteLength(extension)
  let kept = ''
  for (const character of stem) {
    room -= Buffer.byteLength(character)
    if (room < 0 && kept !== '') break
    kept += character
  }
  return kept + extension
}

function numbered(name: string, n: number): string {
  const { stem, extension } = split(name)
  return `${stem} (${n})${extension}`
}

function split(name: string): { stem: string; extension: string } {
  const dot = name.lastIndexOf('.')
  const isExtension = dot > 0 && name.length - dot <= 16
  return isExtension ? { stem: name.slice(0, dot), extension: name.slice(dot) } : { stem: name, extension: '' }
}
