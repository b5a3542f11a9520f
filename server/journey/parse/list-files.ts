import type { AttachmentFacts } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { extensionOf } from '../../../shared/policy/text/filetype.ts'
import { shownNames } from '../../mime/content-fields.ts'
import { decodedBody } from '../../mime/decode.ts'
import { fieldText, firstValue } from '../../mime/header.ts'
import { indexMime } from '../../mime/index-mime.ts'
import type { MimePart } from '../../mime/part.ts'
import { readableParts } from '../../mime/readable.ts'
import { type ByteSource, bytesOf } from '../../ports/bytes.ts'
import { inTurns, othersTurn, turnIsOver } from '../../threads/turn.ts'
import { contradicts } from './detect/contradiction.ts'
import { type Examined, examine } from './detect/detect.ts'
import { archiveKind, readArchive } from './members/archive.ts'
import { embeddedFiles, lookForFiles, mayHoldFiles } from './members/embedded.ts'
import { BUDGET_BASE, DEPTH_MAX, FILES_MAX, HOLD_MAX } from './members/limits.ts'
import {
  Budget,
  held,
  type Member,
  type Open,
  openBuffer,
  type Seen,
  unlessDamaged,
  type Visit,
} from './members/member.ts'
import { inPlace, madeOf } from './members/summary.ts'
import { readTnef } from './members/tnef.ts'
import { tnefWords } from './members/tnef-words.ts'
import { isUnread } from './members/unread.ts'
import { fileParts, inlineWords, isShownInline, isSignature, isSignatureOf } from './message-inside.ts'
import { FileTexts } from './text/file-text.ts'

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
    for (const part of fileParts(root, body)) {
      await othersTurn()
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
    if (place.depth === 0 && isShownInline(part)) {
      const { words, cut } = await inlineWords(source, part)
      this.bodyWords.push(words)
      this.bodyCut ||= cut
    }
    if (!UUENCODED.test(firstValue(part.fields, 'content-transfer-encoding') ?? '')) return
    const bytes = await held(decodedBody(source, part), HOLD_MAX)
    // The part's own name is what a reader that decodes it shows.
    const whole = bytes !== null && (await this.#inText(bytes, { ...place, within: index }, part.fileName)) > 0
    if (!whole) this.#defects.add('encoded-file-in-text')
  }

  /** Files in the texts of the mail's own body. */
  async inBody(source: ByteSource, body: ReadonlySet<MimePart>): Promise<void> {
    for (const part of body) await this.#inBodyText(source, part, { part, depth: 0 })
  }

  async #inBodyText(source: ByteSource, part: MimePart, place: Place): Promise<void> {
    if (part.type !== 'text/plain') return
    const { size, may } = await lookForFiles(decodedBody(source, part))
    const bytes = may ? await held(decodedBody(source, part), HOLD_MAX) : null
    if (bytes) await this.#inText(bytes, place)
    else if (size > HOLD_MAX) this.#defects.add('encoded-file-in-text')
  }

  /** Files that stand in a text, as uuencode and yEnc put them there; how many were found whole. */
  async #inText(bytes: Buffer, place: Place, otherName = ''): Promise<number> {
    if (!(await mayHoldFiles(bytes))) return 0
    const { files, broken } = await embeddedFiles(bytes)
    if (broken) this.#defects.add('encoded-file-in-text')
    for (const { name, data } of files) {
      const index = this.facts.length
      const declaredType = 'application/octet-stream'
      const [shown = '', ...others] = shownNames(name)
      const otherNames = otherName ? [otherName, ...others] : others
      await this.#file({ ...place, name: shown, otherNames, declaredType, open: openBuffer(data) })
      if (place.within === undefined && index < this.parts.length) this.parts[index] = -1
    }
    return broken ? 0 : files.length
  }

  async #file(file: Listed): Promise<void> {
    if (turnIsOver()) await othersTurn()
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
      mismatch: contradicts(type, new Set(names.map(extensionOf)), declaredType),
      size,
      hash,
      ...(found.encrypted === undefined ? {} : { encrypted: found.encrypted }),
      ...(macro === undefined ? {} : { macro }),
      ...(archiveDepth === undefined ? {} : { archiveDepth }),
      ...text,
    })
    const seen = await this.#inside(file, open, found, index)
    if (seen !== 'all') this.#markOpaque(index, type, seen)
    else if (archiveKind(found)) {
      const made = madeOf(this.facts.slice(index + 1))
      this.facts[index] = { ...this.facts[index]!, ...made, ...(this.#texts.wanted ? { text: null } : {}) }
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
      const [shown = '', ...others] = [name, ...otherNames].flatMap(shownNames)
      await this.#file({ ...member, part, within: index, depth, name: shown, otherNames: others })
      return this.facts.length < FILES_MAX
    }
    if (isUnread(type, extensionOf(file.name), file.declaredType ?? '')) return 'part'
    const archive = archiveKind(found)
    if (!archive && type !== 'tnef' && type !== 'eml') return 'all'
    if (depth > DEPTH_MAX) return 'part'
    try {
      if (archive) return await readArchive(archive, { name: file.name, size, open }, this.#budget, visit)
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
    const { files, texts, whole } = await inTurns(readTnef(bytes))
    const words = await tnefWords(texts)
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
    for (const part of body) await this.#inBodyText(source, part, place)
    await this.below(source, parts, root, body, place)
    const files = this.facts.slice(first)
    const { macro, encrypted } = madeOf(files)
    const archiveDepth = files.length > 0 ? { archiveDepth: 1 } : {}
    this.facts[place.within] = { ...this.facts[place.within]!, macro, encrypted, ...archiveDepth }
  }

  #addText(index: number, words: readonly string[], cut: boolean): void {
    if (!this.#texts.wanted) return
    const facts = this.facts[index]!
    const text = words.filter(Boolean).join('\n')
    this.facts[index] = { ...facts, text, ...(cut ? { textCut: true } : {}) }
  }
}
