/** Paragraphs to lines: where they break (Unicode Standard Annex 14), and in which order their pieces stand (Annex 9). */
import LineBreaker from 'linebreak'
import { bidi, hasRightToLeft } from './direction.ts'
import type { Face } from './fonts.ts'
import { type Shaped, shape } from './shape.ts'
import type { Typesetter } from './typeset.ts'

/** How a piece of text looks; sizes in points. */
export interface Look {
  readonly size: number
  readonly bold: boolean
  readonly italic: boolean
  /** `#rrggbb`. */
  readonly color: string
  readonly underline: boolean
  readonly strike: boolean
  /** Above the baseline, points. */
  readonly rise: number
  readonly href?: string
}

export interface LookedRun {
  readonly text: string
  readonly look: Look
}

/** Glyphs of one face and look that stand together. */
export interface Piece {
  readonly shaped: Shaped
  readonly face: Face
  readonly look: Look
  /** Points. */
  readonly width: number
}

export interface Line {
  /** From the left. */
  readonly pieces: readonly Piece[]
  readonly width: number
}

interface Atom extends Piece {
  readonly level: number
  readonly isSpace: boolean
}

/** Scripts without spaces whose words are found in a dictionary. */
const WITHOUT_SPACES = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const words = new Intl.Segmenter('th', { granularity: 'word' })
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Lines no wider than `width` points; `\n` ends one. `rightToLeft` is the direction of the paragraph. */
export function setLines(
  runs: readonly LookedRun[],
  width: number,
  rightToLeft: boolean,
  typesetter: Typesetter,
): Line[] {
  let text = ''
  const faces: (Face | null)[] = []
  const looks: Look[] = []
  for (const { text: run, look } of runs) {
    const faced = typesetter.faced(run, look)
    text += faced.text
    for (const face of faced.faces) {
      faces.push(face)
      looks.push(look)
    }
  }
  const lines: Line[] = []
  let start = 0
  for (const line of text.split('\n')) {
    const end = start + line.length
    lines.push(
      ...wrap({ text: line, faces: faces.slice(start, end), looks: looks.slice(start, end) }, width, rightToLeft),
    )
    start = end + 1
  }
  return lines
}

interface Source {
  readonly text: string
  readonly faces: readonly (Face | null)[]
  readonly looks: readonly Look[]
}

function wrap(source: Source, room: number, rightToLeft: boolean): Line[] {
  const { text } = source
  const levels =
    rightToLeft || hasRightToLeft(text) ? bidi.getEmbeddingLevels(text, rightToLeft ? 'rtl' : 'ltr').levels : null
  const lines: Line[] = []
  let atoms: Atom[] = []
  let width = 0
  const end = () => {
    lines.push(finish(atoms))
    atoms = []
    width = 0
  }
  const add = (piece: readonly Atom[]) => {
    for (const atom of piece) {
      atoms.push(atom)
      width += atom.width
    }
  }
  let from = 0
  for (const to of breakPlaces(text)) {
    const piece = atomsOf(source, levels, from, to)
    const solid = widthOf(piece)
    if (atoms.length > 0 && width + solid > room) end()
    if (solid <= room) add(piece)
    else {
      // A word wider than the page: cut where it is full, between what a reader takes for characters.
      for (const { index, segment } of graphemes.segment(text.slice(from, to))) {
        const one = atomsOf(source, levels, from + index, from + index + segment.length)
        if (atoms.length > 0 && width + widthOf(one) > room) end()
        add(one)
      }
    }
    from = to
  }
  if (atoms.length > 0 || lines.length === 0) end()
  return lines
}

/** Ends of the pieces between which a line may end, in order; the last is the end of the text. */
function breakPlaces(text: string): number[] {
  const places: number[] = []
  const breaker = new LineBreaker(text)
  let from = 0
  for (let next = breaker.nextBreak(); next !== null; next = breaker.nextBreak()) {
    const piece = text.slice(from, next.position)
    if (WITHOUT_SPACES.test(piece))
      for (const { index, segment } of words.segment(piece))
        if (index > 0 && !/^[\p{M}\p{P}\s]/u.test(segment)) places.push(from + index)
    places.push(next.position)
    from = next.position
  }
  return places
}

/** Width without the spaces at the end, which may hang over. */
function widthOf(atoms: readonly Atom[]): number {
  let last = atoms.length
  while (last > 0 && atoms[last - 1]!.isSpace) last -= 1
  return atoms.slice(0, last).reduce((sum, { width }) => sum + width, 0)
}

function atomsOf({ text, faces, looks }: Source, levels: Uint8Array | null, from: number, to: number): Atom[] {
  const atoms: Atom[] = []
  for (let start = from; start < to; ) {
    const [face, look, level, isSpace] = [faces[start], looks[start]!, levels?.[start] ?? 0, text[start] === ' ']
    let end = start + 1
    while (
      end < to &&
      faces[end] === face &&
      looks[end] === look &&
      (levels?.[end] ?? 0) === level &&
      (text[end] === ' ') === isSpace
    )
      end += 1
    if (face) {
      const shaped = shape(text.slice(start, end), face, level % 2 === 1)
      atoms.push({ shaped, face, look, level, isSpace, width: shaped.width * look.size })
    }
    start = end
  }
  return atoms
}

/** Spaces at the end go; the rest is put in the order in which it is seen (L2). */
function finish(atoms: Atom[]): Line {
  while (atoms.at(-1)?.isSpace) atoms.pop()
  const highest = atoms.reduce((most, { level }) => Math.max(most, level), 0)
  for (let level = highest; level >= 1; level -= 1) {
    for (let start = 0; start < atoms.length; start += 1) {
      if (atoms[start]!.level < level) continue
      let end = start
      while (end < atoms.length && atoms[end]!.level >= level) end += 1
      atoms.splice(start, end - start, ...atoms.slice(start, end).reverse())
      start = end
    }
  }
  return { pieces: atoms, width: atoms.reduce((sum, { width }) => sum + width, 0) }
}
