import tr46 from 'tr46'

/**
 * The A-label form of a domain (UTS 46, non-transitional), lower case, or null for what is no domain: empty labels, more
 * than 63 octets a label or 253 in all. A trailing dot is dropped.
 */
export function aLabel(domain: string): string | null {
  if (isPlain(domain)) return domain
  const bare = domain.trim().replace(/\.$/, '')
  if (bare === '' || bare.length > 1000) return null
  if (isPlain(bare)) return bare
  const ascii = tr46.toASCII(bare, {
    checkBidi: true,
    checkJoiners: true,
    useSTD3ASCIIRules: true,
    verifyDNSLength: true,
  })
  return ascii === null || ascii === '' ? null : ascii
}

const DOT = 46
const HYPHEN = 45

/** Whether a name is its own A-label: lower-case letters, digits and inner hyphens. With `--` it may be one to check. */
function isPlain(domain: string): boolean {
  if (domain.length === 0 || domain.length > 253) return false
  let label = 0
  let before = DOT
  for (let i = 0; i < domain.length; i++) {
    const code = domain.charCodeAt(i)
    const letter = (code >= 97 && code <= 122) || (code >= 48 && code <= 57)
    if (code === DOT) {
      if (before === DOT || before === HYPHEN) return false
      label = 0
    } else if (letter || (code === HYPHEN && before !== DOT && before !== HYPHEN)) label++
    else return false
    if (label > 63) return false
    before = code
  }
  return before !== DOT && before !== HYPHEN
}

/** A fact's domain for comparing: its A-label form, else the text itself in lower case so that it equals nothing by accident. */
export function comparableDomain(domain: string): string {
  return aLabel(domain) ?? domain.toLowerCase()
}

/** `x.example` (exact) or `*.x.example` (strict subdomains) with the name as A-labels; null when it is neither. */
export function domainPattern(text: string): string | null {
  const wild = text.startsWith('*.')
  const name = aLabel(wild ? text.slice(2) : text)
  return name === null ? null : wild ? `*.${name}` : name
}

/** Whether a domain (A-labels) meets one of the patterns; borders are label borders, `evilx.example` is not under `x.example`. */
export function domainMatcher(patterns: readonly string[]): (domain: string) => boolean {
  const exact = new Set(patterns.filter((p) => !p.startsWith('*.')))
  const above = new Set(patterns.filter((p) => p.startsWith('*.')).map((p) => p.slice(2)))
  if (above.size === 0) return (domain) => exact.has(domain)
  return (domain) => {
    if (exact.has(domain)) return true
    for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
      if (above.has(domain.slice(dot + 1))) return true
    }
    return false
  }
}

const LOOK_ALIKES: Readonly<Record<string, string>> = Object.fromEntries(
  // Cyrillic, Greek, Latin variants and digits that are drawn like a Latin letter in common fonts (after UTS 39, the part that meets domain names).
  'аa бb вb сc ԁd еe ёe ғf ɡg һh іi їi ıi ɩi јj кk κk ӏl ⅼl мm пn оo οo σo рp ρp ԛq гr ѕs тt υu ѵv νv ԝw ѡw хx χx уy ýy ᴢz αa βb εe ηn ιi τt 0o 1l |l 5s'
    .split(' ')
    .map((pair) => [...pair] as [string, string]),
)

/** What a reader's eye makes of a domain: look-alike letters, accents and pairs such as `rn` reduced to one form. */
export function skeleton(domain: string): string {
  const shown = tr46.toUnicode(domain).domain.normalize('NFKD').replace(/\p{M}/gu, '')
  return [...shown.toLowerCase()]
    .map((c) => LOOK_ALIKES[c] ?? c)
    .join('')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll('cl', 'd')
    .replaceAll('i', 'l')
}
