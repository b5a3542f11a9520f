import { completed, type Steps } from '../../shared/policy/steps.ts'
import { decodeWords, encodeWords } from './encoded-word.ts'
import type { HeaderField } from './entity.ts'
import { rawField } from './header.ts'

/** One mailbox of an address field. */
export interface Mailbox {
  /** Decoded display name, '' when there is none; for `a@b (Name)` the comment. */
  readonly name: string
  /** As written, quotes of the local part included; not validated (see `canonicalAddress` in shared/words). */
  readonly address: string
  /** Display name of the group it stands in (RFC 5322 3.4). */
  readonly group?: string
}

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly raw: string }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'mark'; readonly text: string }

const MARKS = '<>,;:@'

/**
 * Parses an unfolded address list (From, To, Cc ...; RFC 5322 3.4, 4.4 and RFC 6532): groups, comments, quoted strings, source
 * routes, unquoted specials as they occur in the wild. Empty elements and words without an address give nothing. Never throws;
 * time is linear in the text.
 */
export function parseAddresses(text: string): Mailbox[] {
  return completed(parsingAddresses(text))
}

/** Tokens that are read in one step. */
const TOKENS = 500

/** The same in steps. */
export function* parsingAddresses(text: string): Steps<Mailbox[]> {
  const found: Mailbox[] = []
  let read = 0
  let group: string | undefined
  let element: Token[] = []
  // `<` is open; in an obsolete source route `<@relay,@relay:` (RFC 5322 4.4) a comma ends no element.
  let angle = false
  let route = false
  const take = () => {
    const mailbox = mailboxOf(element)
    if (mailbox) found.push(group === undefined ? mailbox : { ...mailbox, group })
    element = []
    angle = false
    route = false
  }
  for (const token of tokens(text)) {
    if (++read % TOKENS === 0) yield
    const mark = token.kind === 'mark' ? token.text : ''
    if (mark === ',' && !route) take()
    else if (mark === ';' && !angle) {
      take()
      group = undefined
    } else if (mark === ':' && !angle && group === undefined && !element.some(isAt)) {
      group = phrase(element)
      element = []
    } else {
      if (mark === '@' && angle && isMark(element.at(-1), '<')) route = true
      if (mark === '<' || mark === '>') angle = mark === '<'
      if (mark === ':' || mark === '>') route = false
      element.push(token)
    }
  }
  take()
  return found
}

const isMark = (token: Token | undefined, text: string) => token?.kind === 'mark' && token.text === text
const isAt = (token: Token) => token.kind === 'mark' && token.text === '@'

function mailboxOf(element: readonly Token[]): Mailbox | null {
  const open = element.findLastIndex((token) => token.kind === 'mark' && token.text === '<')
  const comments = element.flatMap((token) => (token.kind === 'comment' ? [token.text] : []))
  if (open >= 0) {
    const rest = element.slice(open + 1)
    const close = rest.findIndex((token) => token.kind === 'mark' && token.text === '>')
    const inside = close < 0 ? rest : rest.slice(0, close)
    const route = inside.findIndex((token) => token.kind === 'mark' && token.text === ':')
    const bare = inside[0] && isAt(inside[0]) && route >= 0 ? inside.slice(route + 1) : inside
    const address = addrSpec(bare)
    if (!address) return null
    return { name: phrase(element.slice(0, open)) || (comments[0] ?? ''), address }
  }
  if (!element.some(isAt)) return null
  const address = addrSpec(element)
  return address ? { name: comments[0] ?? '', address } : null
}

function addrSpec(tokens: readonly Token[]): string {
  return tokens
    .map((token) => (token.kind === 'word' ? token.raw : token.kind === 'mark' ? token.text : ''))
    .join('')
    .trim()
}

function phrase(tokens: readonly Token[]): string {
  const words = tokens.flatMap((token) => (token.kind === 'comment' ? [] : [token.text]))
  return decodeWords(words.join(' ')).trim()
}

function* tokens(text: string): Generator<Token> {
  let at = 0
  while (at < text.length) {
    const char = text[at]!
    if (/\s/.test(char)) at++
    else if (char === '"') {
      const end = quotedEnd(text, at)
      const raw = text.slice(at, end)
      yield { kind: 'word', text: raw.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1'), raw }
      at = end
    } else if (char === '(') {
      const end = commentEnd(text, at)
      const inner = text.slice(at + 1, text[end - 1] === ')' ? end - 1 : end).replace(/\\(.)/g, '$1')
      yield { kind: 'comment', text: decodeWords(inner).trim() }
      at = end
    } else if (char === '[') {
      const close = text.indexOf(']', at)
      const end = close < 0 ? text.length : close + 1
      const raw = text.slice(at, end)
      yield { kind: 'word', text: raw, raw }
      at = end
    } else if (MARKS.includes(char)) {
      yield { kind: 'mark', text: char }
      at++
    } else {
      let end = at + 1
      while (end < text.length && !/[\s"([<>,;:@]/.test(text[end]!)) end++
      const raw = text.slice(at, end)
      yield { kind: 'word', text: raw, raw }
      at = end
    }
  }
}

function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return text.length
}

function commentEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at + 1
  }
  return text.length
}

/** An address field for the wire; names are quoted or encoded as they need, one mailbox a line. Line breaks raise `header-malformed`. */
export function addressField(name: string, mailboxes: readonly Pick<Mailbox, 'name' | 'address'>[]): HeaderField {
  const written = mailboxes.map((mailbox) => {
    const address = mailbox.address.replace(/[<>]/g, '')
    return mailbox.name ? `${phraseOf(mailbox.name)} <${address}>` : address
  })
  return rawField(name, written.join(',\r\n '))
}

function phraseOf(name: string): string {
  const encoded = encodeWords(name)
  if (encoded !== name) return encoded.replaceAll(' ', '\r\n ')
  return /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+$/.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`
}
