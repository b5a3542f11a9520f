import { decodeWords } from '../../mime/encoded-word.ts'

/**
 * What an eye takes for a Latin letter or a sign of a mark, beyond what NFKD makes one (full width, mathematical, circled): letters
 * of other scripts and small capitals after UTS 39, brackets, locks and ticks.
 */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  [
    'aаɑαᴀꭺ',
    'bЬВвʙᏏꮟß',
    'cсϲᴄⲥꮯ',
    'dԁᴅꭰꓒ',
    'eеєҽᴇꭼℯɛεе',
    'fғꜰſꞙẝ',
    'gɡɢցᶃԍ',
    'hһнʜհᏂꮋ',
    'iіїıɩιᎥꭵɪі1lI|ا∣ǀ',
    'jјʝյᴊꭻ',
    'kкκᴋⲕꮶ',
    'mмᴍⲙꮇ',
    'nпηɴոռℕ',
    'oоοσօ0ᴏⲟס๐०ꬽ',
    'pрρᴘⲣꮲ',
    'qԛգզ',
    'rгʀᴦⲅꭱꮁꮢ',
    'sѕꜱ5ʂꮪ',
    'tтτᴛⲧꭲ',
    'uυսᴜꞟ',
    'vνѵᴠꮩ∨٧',
    'wѡԝᴡաꮃ',
    'xхχⅹ×ⲭ',
    'yуүγʏყꭹ',
    'zᴢʐꮓ',
    '[({<【〔〖〘〚⟦⟨⟪⦃⦅⁅❲❴❨❬❮❰「『﹝«‹',
    '])}>】〕〗〙〛⟧⟩⟫⦄⦆⁆❳❵❩❭❯❱」』﹞»›',
    '🔒🔐🔏🔓🗝🔑',
    '✓✔✅☑🗸🗹√',
    '-‐‑‒–—―−_',
  ].flatMap((row) => {
    const [first, ...others] = [...row]
    return [first!, ...others].map((character) => [character, first!] as const)
  }),
)

const IGNORED = /[\p{M}\p{Cf}\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}]/u
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g
const TURNING = /[\u202e\u2067\u202b\u2066-\u2068]/

/** One sign of a text as an eye sees it, and where it stands. */
interface Sign {
  readonly seen: string
  readonly start: number
  readonly end: number
}

function signsOf(text: string): Sign[] {
  const signs: Sign[] = []
  let start = 0
  for (const character of text) {
    const end = start + character.length
    for (const one of character.normalize('NFKD').toLowerCase().normalize('NFKD')) {
      if (!IGNORED.test(one)) signs.push({ seen: LOOK_ALIKES.get(one) ?? one, start, end })
    }
    start = end
  }
  return signs
}

/** Words of a subject that an eye could take for one of these marks, in their places; [start, end) in the text. */
function findMark(text: string, marks: readonly string[]): readonly [number, number] | null {
  const signs = signsOf(text)
  for (const mark of marks) {
    const wanted = signsOf(mark).map(({ seen }) => seen)
    if (wanted.length === 0) continue
    for (let at = 0; at + wanted.length <= signs.length; at++) {
      if (looksLike(signs, at, wanted)) return [signs[at]!.start, signs[at + wanted.length - 1]!.end]
    }
  }
  return null
}

/** A letter of another script that is not in the table may be any one: half of the signs have to be known. */
function looksLike(signs: readonly Sign[], at: number, wanted: readonly string[]): boolean {
  let same = 0
  for (const [n, sign] of wanted.entries()) {
    const { seen } = signs[at + n]!
    if (seen === sign) same++
    else if (!/^\p{L}$/u.test(sign) || !/^[^\p{ASCII}]$/u.test(seen) || !/^[\p{L}\p{N}]$/u.test(seen)) return false
  }
  return same * 2 >= wanted.length
}

/** Characters of a subject that are looked at; what stands behind them no list of mails shows. */
const LONGEST = 4_000
const ROUNDS = 20

/**
 * A subject from outside without what looks like one of our marks: in other scripts, widths and brackets, with signs between the
 * letters that nobody sees, written from right to left, or encoded twice. A subject without one stays as it is. Pure.
 */
export function withoutMarks(subject: string, marks: readonly string[]): string {
  if (marks.length === 0) return subject
  let text = subject
  const utf7 = fromUtf7(text)
  if (utf7 !== text && findMark(utf7.slice(0, LONGEST), marks)) text = utf7
  // Some readers decode once more what was decoded.
  for (let depth = 0; depth < 3; depth++) {
    const again = decodeWords(text)
    if (again === text) break
    if (findMark(again.slice(0, LONGEST), marks)) text = again
    else break
  }
  if (TURNING.test(text)) {
    const turned = [...text.slice(0, LONGEST).replace(DIRECTIONS, '')].reverse().join('')
    // Not every program turns the brackets round with the letters.
    const both = [...marks, ...marks.map(mirrored)]
    if (findMark(turned, both)) return [...cleaned(turned, both)].reverse().join('')
  }
  return cleaned(text, marks)
}

/** UTF-7 (RFC 2152), which some readers decode and our own does not. */
function fromUtf7(text: string): string {
  return text.replace(/\+([A-Za-z0-9+/]{2,400})-?/g, (whole, coded: string) => {
    const bytes = Buffer.from(coded, 'base64')
    return bytes.length < 2
      ? whole
      : bytes
          .subarray(0, bytes.length & ~1)
          .swap16()
          .toString('utf16le')
  })
}

function cleaned(subject: string, marks: readonly string[]): string {
  let text = subject
  for (let round = 0; round < ROUNDS; round++) {
    const found = findMark(text.slice(0, LONGEST), marks)
    if (!found) return text
    text = `${text.slice(0, found[0])} ${text.slice(found[1])}`.replace(/ {2,}/g, ' ').trim()
  }
  // Whoever writes twenty of them writes nothing else.
  return ''
}

/** Brackets turn round with the direction of the text. */
const mirrored = (mark: string) => mark.replace(/[[\](){}<>]/g, (one) => MIRROR[one] ?? one)
const MIRROR: Readonly<Record<string, string>> = {
  '[': ']',
  ']': '[',
  '(': ')',
  ')': '(',
  '{': '}',
  '}': '{',
  '<': '>',
  '>': '<',
}
