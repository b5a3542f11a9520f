import { type Token, Tokenizer, TokenizerMode } from 'parse5'
import { othersTurn } from '../../threads/turn.ts'

const BREAKS = new Set(
  'p div br tr li ul ol table h1 h2 h3 h4 h5 h6 hr blockquote pre section article header footer dt dd'.split(' '),
)
/** Elements whose content is never shown, and how far they reach (HTML 13.2.6.4.4). */
const SILENT: Readonly<Record<string, Tokenizer['state']>> = {
  script: TokenizerMode.SCRIPT_DATA,
  style: TokenizerMode.RAWTEXT,
  title: TokenizerMode.RCDATA,
}
const FOREIGN = new Set(['svg', 'math'])
/** Characters between two looks at the clock. */
const SLICE = 4_096
/** Pieces of text that are kept apart. */
const PIECES_MAX = 5_000
/** Characters of words after which nobody reads on. */
const WORDS_MAX = 524_288

/** Words of HTML. */
export interface HtmlWords {
  /** What a browser shows, and what CSS hides from it. */
  readonly text: string
  /** What only some readers show: the content of conditional comments, which are meant for Outlook. */
  readonly aside: string
  /** There are more than anybody reads. */
  readonly cut: boolean
}

/**
 * The words of an HTML body as plain text: blocks become lines, links keep their target, pictures their alternative text. What CSS
 * hides, what stands in noscript, template or svg is kept, because rules must see what some reader may show. Works on tokens, not
 * on a tree: time is linear and depth is the sender's choice.
 */
export function htmlToText(html: string): string {
  const reader = new HtmlReader()
  reader.write(html)
  return reader.end().text
}

/** The same for long texts, in slices with turns of the event loop between. */
export async function htmlWords(html: string): Promise<HtmlWords> {
  const reader = new HtmlReader()
  for (let at = 0; at < html.length && !reader.full; at += SLICE) {
    await othersTurn()
    reader.write(html.slice(at, at + SLICE))
  }
  return reader.end()
}

class HtmlReader {
  readonly #out = new Lines()
  readonly #aside = new Lines()
  readonly #tokenizer: Tokenizer
  /** Open svg and math: inside of them style and script are elements like others. */
  #foreign = 0
  #silent: string | null = null
  /** Target of the link that is open, and where its words begin. */
  #link: { readonly href: string; readonly from: number } | null = null

  constructor() {
    const show = ({ chars }: Token.CharacterToken) => {
      if (this.#silent === null) this.#out.words(chars)
    }
    this.#tokenizer = new Tokenizer(
      { sourceCodeLocationInfo: false },
      {
        onStartTag: (token) => this.#start(token),
        onEndTag: ({ tagName }) => this.#end(tagName),
        onCharacter: show,
        onWhitespaceCharacter: show,
        onNullCharacter: () => {},
        onComment: ({ data }) => this.#comment(data),
        onDoctype: () => {},
        onEof: () => {},
      },
    )
  }

  write(html: string): void {
    this.#tokenizer.write(html, false)
    // The words of an open link are counted in pieces.
    if (!this.#link) this.#out.gather()
    this.#aside.gather()
  }

  end(): HtmlWords {
    this.#tokenizer.write('', true)
    this.#closeLink()
    return { text: this.#out.text(), aside: this.#aside.text(), cut: this.full }
  }

  get full(): boolean {
    return this.#out.length + this.#aside.length > WORDS_MAX
  }

  #start({ tagName, attrs, selfClosing }: Token.TagToken): void {
    const attribute = (name: string) => attrs.find((candidate) => candidate.name === name)?.value ?? ''
    const state = this.#foreign === 0 ? SILENT[tagName] : undefined
    if (state !== undefined) {
      this.#tokenizer.state = state
      this.#silent = tagName
    } else if (FOREIGN.has(tagName)) {
      if (!selfClosing) this.#foreign++
    } else if (BREAKS.has(tagName)) {
      this.#out.lineBreak()
      if (tagName === 'li') this.#out.words('- ')
    } else if (tagName === 'td' || tagName === 'th') this.#out.words(' ')
    else if (tagName === 'img') this.#out.words(attribute('alt'))
    else if (tagName === 'input') this.#out.words(` ${attribute('value') || attribute('placeholder')}`)
    else if (tagName === 'a') {
      this.#closeLink()
      const href = attribute('href')
      if (/^(https?:|mailto:)/i.test(href)) this.#link = { href, from: this.#out.pieces.length }
    }
  }

  #end(tagName: string): void {
    if (tagName === this.#silent) this.#silent = null
    else if (FOREIGN.has(tagName)) this.#foreign = Math.max(0, this.#foreign - 1)
    else if (tagName === 'a') this.#closeLink()
    else if (BREAKS.has(tagName)) this.#out.lineBreak()
    else if (tagName === 'td' || tagName === 'th') this.#out.words(' ')
  }

  #closeLink(): void {
    if (!this.#link) return
    const { href, from } = this.#link
    this.#link = null
    const words = this.#out.pieces.slice(from).join('').trim()
    if (words !== href.replace(/^mailto:/i, '')) this.#out.words(` <${href}>`)
  }

  /** `<!--[if mso]> ... <![endif]-->` */
  #comment(data: string): void {
    if (/^\s*\[if\b/i.test(data)) {
      this.#aside.words(data.replace(/<[^<>]*>|^\s*\[if[^\]]{0,100}\]>/g, ' '))
      this.#aside.lineBreak()
    }
  }
}

/** Text of words and line breaks: white space is one space, and there is never more than one empty line. */
class Lines {
  pieces: string[] = []
  length = 0
  #space = false
  #breaks = 0

  words(text: string): void {
    const plain = text.replace(/\s+/g, ' ')
    if (plain.startsWith(' ')) this.#space = true
    const word = plain.trim()
    if (word === '') return
    const between = this.length === 0 ? '' : this.#breaks > 0 ? '\n'.repeat(this.#breaks) : this.#space ? ' ' : ''
    this.pieces.push(between, word)
    this.length += between.length + word.length
    this.#breaks = 0
    this.#space = plain.endsWith(' ')
  }

  lineBreak(): void {
    this.#breaks = Math.min(2, this.#breaks + 1)
    this.#space = false
  }

  /** Makes one piece of many: a million of them would take long when the text is asked for. */
  gather(): void {
    if (this.pieces.length > PIECES_MAX) this.pieces = [this.pieces.join('')]
  }

  text(): string {
    return this.pieces.join('')
  }
}
