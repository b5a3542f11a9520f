import type { AttachmentFacts } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { extensionOf } from '../../../shared/policy/text/filetype.ts'
import { canDecode, readText } from '../../mime/charset.ts'
import { shownName } from '../../mime/content-fields.ts'
import { decodedBody } from '../../mime/decode.ts'
import { fieldText, firstValue } from '../../mime/header.ts'
import { indexMime } from '../../mime/index-mime.ts'
import type { MimePart } from '../../mime/part.ts'
import { readableParts } from '../../mime/readable.ts'
import { Turn } from '../../mime/turn.ts'
import { type ByteSource, bytesOf } from '../../ports/bytes.ts'
import { contradicts } from './detect/contradiction.ts'
import { type Examined, examine } from './detect/detect.ts'
import { htmlWords } from './html-text.ts'
import { EMBEDDED, embeddedFiles } from './members/embedded.ts'
import {
  Budget,
  BudgetSpent,
  held,
  type Member,
  type Open,
  openBuffer,
  type Seen,
  type Visit,
} from './members/member.ts'
import { readTar } from './members/tar.ts'
import { readTnef } from './members/tnef.ts'
import { readPacked } from './members/unpack.ts'
import { isUnread } from './members/unread.ts'
import { readZip } from './members/zip.ts'
import { fileParts, isSignatureOf } from './message-inside.ts'
import { allWords, FileTexts, rtfText } from './text/file-text.ts'

/** Containers inside of containers that are opened; the files of a fifth are not seen. */
const DEPTH_MAX = 4
/** Files of one mail that are listed. */
const FILES_MAX = 2_000
/** Encoded messages, TNEF streams and texts with files in them are held up to this. */
const HOLD_MAX = 8 * 1_048_576
/** Bytes that may be unpacked or read again for a mail, beyond ten times its size. */
const BUDGET_BASE = 32 * 1_048_576
/** Bytes of a named text that readers may show within the body. */
const INLINE_MAX = 262_144
const UUENCODED = /^(x-)?uu(e|encode)?\b/i

interface Place {
  readonly part: MimePart
  /** Position of the file that holds it. */
  readonly within?: number
  /** Containers around it. */
  readonly depth: number
}

interface Listed extends Place, Member {
  /** Opens the content and reports what is wrong with its encoding. */
  readonly openFirst?: Open
}

/** Collects the files of a mail and whatever is inside of them, each decoded as rarely as its kind allows, within one budget. */
export class FileList {
  readonly facts: AttachmentFacts[] = []
  /** `MimePart.id` by position; of a file inside of another that of the part around it, -1 for one in a text, which no part is. */
  readonly parts: number[] = []
  /** Words that readers of TNEF show instead of the body. */
  readonly bodyWords: string[] = []
  /** There are more such words. */
  bodyCut = false
  readonly #defects: Set<string>
  readonly #texts: FileTexts
  readonly #budget: Budget
  readonly #turn = new Turn()

  constructor(size: number, defects: Set<string>, fileText: boolean) {
    this.#defects = defects
    this.#texts = new FileTexts(fileText)
    this.#budget = new Budget(BUDGET_BASE + 10 * size)
  }

  /** Every file below `root`, but for the parts of the body. */
  async below(
    source: ByteSource,
    parts: readonly MimePart[],
    root: MimePart,
    body: ReadonlySet<MimePart>,
    place: Omit<Place, 'part'> & { readonly part?: MimePart },
  ): Promise<void> {
    for (const part of body) await this.#inBody(source, part, { ...place, part: place.part ?? part })
    for (const part of fileParts(root, body)) {
      await this.#turn.pause()
      const at = { ...place, part: place.part ?? part }
      if (part.shape === 'message') await this.#message(source, parts, part, at)
      else if (!isSignatureOf(parts[part.parent ?? -1], part) || !(await isSignature(source, part))) {
        await this.#leaf(source, part, at)
      }
    }
  }

  async #leaf(source: ByteSource, part: MimePart, place: Place): Promise<void> {
    const index = this.facts.length
    await this.#file({
      ...place,
      name: part.fileName,
      otherNames: part.otherNames,
      declaredType: part.type,
      charset: part.parameters.get('charset'),
      open: () => decodedBody(source, part),
      openFirst: () => decodedBody(source, part, this.#defects),
    })
    if (place.depth === 0 && isShownInline(part)) await this.#inlineWords(source, part)
    if (!UUENCODED.test(firstValue(part.fields, 'content-transfer-encoding') ?? '')) return
    const bytes = await held(decodedBody(source, part), HOLD_MAX)
    // The part's own name is what a reader that decodes it shows.
    const whole = bytes !== null && (await this.#inText(bytes, { ...place, within: index }, part.fileName)) > 0
    if (!whole) this.#defects.add('encoded-file-in-text')
  }

  /** A named text that is no attachment is a file for some readers and a piece of the body for others. */
  async #inlineWords(source: ByteSource, part: MimePart): Promise<void> {
    const { text, cut } = await readText(decodedBody(source, part), part.parameters.get('charset'), INLINE_MAX)
    this.bodyWords.push(part.type === 'text/html' ? allWords(await htmlWords(text)) : text)
    if (cut || !canDecode(part.parameters.get('charset'))) this.bodyCut = true
  }

  async #inBody(source: ByteSource, part: MimePart, place: Place): Promise<void> {
    if (part.type !== 'text/plain') return
    const bytes = await held(decodedBody(source, part), HOLD_MAX)
    if (bytes === null) this.#defects.add('encoded-file-in-text')
    else await this.#inText(bytes, place)
  }

  /** Files that stand in a text, as uuencode and yEnc put them there; how many were found whole. */
  async #inText(bytes: Buffer, place: Place, otherName = ''): Promise<number> {
    if (!EMBEDDED.test(bytes.toString('latin1'))) return 0
    const { files, broken } = embeddedFiles(bytes)
    if (broken) this.#defects.add('encoded-file-in-text')
    for (const { name, data } of files) {
      const index = this.facts.length
      const declaredType = 'application/octet-stream'
      const otherNames = otherName ? [otherName] : []
      await this.#file({ ...place, name: shownName(name), otherNames, declaredType, open: openBuffer(data) })
      if (place.within === undefined && index < this.parts.length) this.parts[index] = -1
    }
    return broken ? 0 : files.length
  }

  async #file(file: Listed): Promise<void> {
    const index = this.facts.length
    if (index >= FILES_MAX) {
      this.#defects.add('archive-unread')
      return
    }
    const { open } = file
    const found = open && (await this.#examined(file.openFirst ?? open))
    const declaredType = file.declaredType ?? ''
    const extension = extensionOf(file.name)
    const known = { index, name: file.name, extension, declaredType, ...inPlace(file) }
    this.parts.push(file.part.id)
    if (!open || !found) {
      const encrypted = file.encrypted ? { encrypted: true } : {}
      this.facts.push({ ...known, type: null, mismatch: false, size: file.size ?? 0, ...encrypted, opaque: true })
      if (!file.encrypted) this.#defects.add('archive-unread')
      return
    }
    const { type, size } = found
    const encrypted = found.encrypted ?? false
    const about = { type, extension, declaredType, size, encrypted }
    const text = await this.#texts.of(about, file.charset, open).catch(unlessDamaged)
    const names = [file.name, ...(file.otherNames ?? [])]
    const { hash, macro, archiveDepth } = found
    this.facts.push({
      ...known,
      type,
      mismatch: names.some((name) => contradicts(type, extensionOf(name), declaredType)),
      size,
      hash,
      ...(found.encrypted === undefined ? {} : { encrypted: found.encrypted }),
      ...(macro === undefined ? {} : { macro }),
      ...(archiveDepth === undefined ? {} : { archiveDepth }),
      ...text,
    })
    const seen = await this.#inside(file, open, found, index)
    if (seen === 'all') this.#summarise(index, type)
    else this.#markOpaque(index, type, seen)
  }

  /** What the members of an archive are made of is told of the archive too; it holds no words beside theirs. */
  #summarise(index: number, type: string | null): void {
    if (!/^(zip|jar|gz|zst|tar)$/.test(type ?? '')) return
    const members = this.facts.slice(index + 1)
    const deepest = members.reduce((most, { archiveDepth = 0 }) => Math.max(most, archiveDepth), 0)
    this.facts[index] = {
      ...this.facts[index]!,
      macro: members.some(({ macro }) => macro === true),
      encrypted: members.some(({ encrypted }) => encrypted === true),
      archiveDepth: 1 + deepest,
      ...(this.#texts.wanted ? { text: null } : {}),
    }
  }

  /** Facts of the content; null where it cannot be unpacked. */
  async #examined(open: Open): Promise<Examined | null> {
    try {
      return await examine(open)
    } catch (error) {
      unlessDamaged(error)
      return null
    }
  }

  #markOpaque(index: number, type: string | null, seen: Seen): void {
    this.facts[index] = { ...this.facts[index]!, opaque: true, ...(seen === 'locked' ? { encrypted: true } : {}) }
    this.#defects.add(type === 'tnef' ? 'tnef-members' : seen === 'locked' ? 'archive-locked' : 'archive-unread')
  }

  async #inside(file: Listed, open: Open, found: Examined, index: number): Promise<Seen> {
    const { type, size } = found
    const { part } = file
    const depth = file.depth + 1
    const visit: Visit = async ({ name, otherNames = [], ...member }) => {
      const others = otherNames.map(shownName)
      await this.#file({ ...member, part, within: index, depth, name: shownName(name), otherNames: others })
      return this.facts.length < FILES_MAX
    }
    if (isUnread(type, extensionOf(file.name), file.declaredType ?? '')) return 'part'
    const container = found.endsAsZip || /^(zip|jar|gz|zst|tar|tnef|eml)$/.test(type ?? '')
    if (!container) return 'all'
    if (depth > DEPTH_MAX) return 'part'
    try {
      if (type === 'zip' || type === 'jar' || found.endsAsZip) return await readZip(open, size, this.#budget, visit)
      if (type === 'tar') return await readTar(open, size, this.#budget, visit)
      if (type === 'gz' || type === 'zst') return await readPacked(type, file.name, open, this.#budget, visit)
      const bytes = await held(open(), HOLD_MAX)
      if (bytes === null) return 'part'
      return type === 'tnef'
        ? await this.#tnef(bytes, { ...file, within: index, depth }, visit)
        : await this.#encodedMessage(bytes, { part, within: index, depth })
    } catch (error) {
      unlessDamaged(error)
      return 'part'
    }
  }

  async #tnef(bytes: Buffer, place: Place & { readonly within: number }, visit: Visit): Promise<Seen> {
    const { files, texts, whole } = readTnef(bytes)
    const words: string[] = []
    for (const { kind, text } of texts) {
      words.push(kind === 'html' ? allWords(await htmlWords(text)) : kind === 'rtf' ? rtfText(text) : text)
    }
    this.#addText(place.within, words, false)
    if (place.depth === 1) this.bodyWords.push(...words)
    for (const { name, otherNames, data } of files) {
      if (!(await visit({ name, otherNames, open: openBuffer(data) }))) return 'part'
    }
    return whole ? 'all' : 'part'
  }

  /** A message that had to be decoded: an .eml file, or one with a transfer encoding that RFC 2046 5.2.1 forbids. */
  async #encodedMessage(bytes: Buffer, place: Place & { readonly within: number }): Promise<Seen> {
    const source = bytesOf(bytes)
    try {
      const index = await indexMime(source)
      for (const defect of index.defects) this.#defects.add(defect)
      await this.#contentOf(source, index.parts, index.root, place)
      return 'all'
    } catch (error) {
      if (error instanceof Fault) return 'part'
      throw error
    }
  }

  /** A message inside: one file, and what it holds after it. */
  async #message(source: ByteSource, parts: readonly MimePart[], part: MimePart, place: Place): Promise<void> {
    const index = this.facts.length
    if (index >= FILES_MAX) {
      this.#defects.add('archive-unread')
      return
    }
    const { size, hash } = await examine(() => source.stream(part.bodyStart, part.bodyEnd))
    const names = [part.fileName, ...part.otherNames]
    this.parts.push(place.part.id)
    this.facts.push({
      index,
      name: part.fileName,
      extension: extensionOf(part.fileName),
      type: 'eml',
      declaredType: part.type,
      mismatch: names.some((name) => extensionOf(name) !== '' && extensionOf(name) !== 'eml'),
      size,
      hash,
      ...inPlace({ ...place, otherNames: part.otherNames }),
    })
    await this.#contentOf(source, parts, part.children[0] ?? part, { ...place, within: index, depth: place.depth + 1 })
  }

  /** Words and files of a message inside; what its files are made of is told of the message too. */
  async #contentOf(
    source: ByteSource,
    parts: readonly MimePart[],
    root: MimePart,
    place: Place & { readonly within: number },
  ): Promise<void> {
    const { groups } = readableParts(root, { enterSigned: true })
    const body = new Set(groups.flatMap((group) => [...group.plain, ...group.html]))
    const words = ['from', 'to', 'cc', 'subject', 'date'].flatMap((name) =>
      root.fields.filter((field) => field.name === name).map(fieldText),
    )
    let cut = false
    for (const part of body) {
      const about = { type: null, extension: '', declaredType: part.type, size: part.bodyEnd - part.bodyStart }
      const charset = part.parameters.get('charset')
      const read = await this.#texts.of(about, charset, () => decodedBody(source, part, this.#defects))
      if (typeof read.text === 'string') words.push(read.text)
      cut ||= read.text === undefined || read.textCut === true
    }
    this.#addText(place.within, words, cut)
    const first = this.facts.length
    await this.below(source, parts, root, body, place)
    const files = this.facts.slice(first)
    this.facts[place.within] = {
      ...this.facts[place.within]!,
      macro: files.some(({ macro }) => macro === true),
      encrypted: files.some(({ encrypted }) => encrypted === true),
      ...(files.length > 0 ? { archiveDepth: 1 } : {}),
    }
  }

  #addText(index: number, words: readonly string[], cut: boolean): void {
    if (!this.#texts.wanted) return
    const facts = this.facts[index]!
    const text = words.filter(Boolean).join('\n')
    this.facts[index] = { ...facts, text, ...(cut ? { textCut: true } : {}) }
  }
}

function inPlace({ within, otherNames = [] }: { readonly within?: number; readonly otherNames?: readonly string[] }) {
  return {
    ...(within === undefined ? {} : { within }),
    ...(otherNames.length > 0 ? { otherNames } : {}),
  }
}

/** Damaged packing and a spent budget are facts about a file; everything else is an error. */
function unlessDamaged(error: unknown): Record<never, never> {
  const code = (error as { readonly code?: unknown } | null)?.code
  if (error instanceof BudgetSpent || (typeof code === 'string' && /^(Z_|ZSTD_|ERR_STREAM_PREMATURE)/.test(code)))
    return {}
  throw error
}

function isShownInline({ type, disposition }: MimePart): boolean {
  return (type === 'text/plain' || type === 'text/html') && disposition !== 'attachment'
}

async function isSignature(source: ByteSource, part: MimePart): Promise<boolean> {
  const { type, size } = await examine(() => decodedBody(source, part))
  return (type === 'p7s' || type === 'sig') && size <= 65_536
}
