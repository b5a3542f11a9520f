import { Fault } from '../../../../shared/fault/index.ts'
import { canonicalAddress } from '../../../../shared/words/address.ts'
import { sameMailbox } from '../../../keys/certificate.ts'
import type { Harvest } from '../../../keys/harvest.ts'
import { indexMime } from '../../../mime/index-mime.ts'
import type { ByteSource } from '../../../ports/bytes.ts'
import { containerOf, forwardedSeal, sealedPart } from './container.ts'
import { contentOf } from './content.ts'
import { suspectedDamage } from './damage.ts'
import { hasEncryptedFile } from './encrypted-file.ts'
import { openInline } from './inline.ts'
import { layerOf } from './judge.ts'
import type { OpenKeys, OpenOptions } from './keys.ts'
import { type Inside, type Opened, type Opening, openContainer, orFault } from './open-layers.ts'
import { namesAnotherSender, protectedSubject } from './protected-header.ts'
import type { OpenedLayer, OpenedMail } from './result.ts'
import { soleSender } from './sender.ts'
import { unpackingOf } from './unpacking.ts'
import { markIntegrity, verdictOn } from './verdict.ts'
import { wordsOf } from './words.ts'

/** Containers inside of each other that are opened. */
const DEEPEST = 5

/**
 * Decrypts and verifies a mail: S/MIME (RFC 8551), PGP/MIME (RFC 3156) and OpenPGP in the text, inside of each other in any
 * order, up to five containers. Whatever is wrong with the mail is a state of a layer, not a fault; a decryption that fails
 * says the same whatever the cause. Content comes out only when every layer around it held; of what was encrypted nothing is
 * released before its end. What is decrypted lies in memory up to a MiB and else, sealed, in a file without a name; dispose of the
 * result to give it back.
 *
 * Raises `header-too-large` and `mime-too-complex` for the mail itself, and what `source` or `verification` raise.
 */
export async function openMail(source: ByteSource, keys: OpenKeys, options: OpenOptions): Promise<OpenedMail> {
  const outside: Inside = { source, index: options.index ?? (await indexMime(source)) }
  const layers: OpenedLayer[] = []
  const walk: Walk = {
    outside,
    inside: outside,
    unwrapped: outside,
    layers,
    held: [],
    harvest: null,
    otherSender: false,
  }
  try {
    return await walkIn(walk, keys, options)
  } catch (error) {
    await dispose(walk.held)
    throw error
  }
}

async function walkIn(walk: Walk, keys: OpenKeys, options: OpenOptions): Promise<OpenedMail> {
  const { outside, layers } = walk
  let opening: Opening | null = null
  for (let depth = 0; ; depth++) {
    const container = containerOf(walk.inside.index.root)
    if (container === null) break
    if (depth === DEEPEST) return closed(walk, layerOf('content', 'too-deep'))
    opening ??= await openingOf(outside, keys, options)
    const opened = await openContainer(container, walk.inside, opening)
    if (!(await goInto(walk, opened, opening, container !== 'signed'))) return closed(walk)
  }
  const rest = await unopened(walk, async () => (opening ??= await openingOf(outside, keys, options)))
  if (rest?.layers) layers.push(...rest.layers)
  if (rest?.closed) return closed(walk)
  return released(walk)
}

/** Where the reader is. */
interface Walk {
  readonly outside: Inside
  inside: Inside
  /** Outermost entity that a reader without our keys can read to its end. */
  unwrapped: Inside
  readonly layers: OpenedLayer[]
  readonly held: AsyncDisposable[]
  /** Of the outermost good signer. */
  harvest: Harvest | null
  /** A header under protection names another sender than the mail. */
  otherSender: boolean
}

/** Goes one container inwards; false: nothing is released. `unwraps`: a reader without us could not. */
async function goInto(walk: Walk, opened: Opened, { from }: Opening, unwraps: boolean): Promise<boolean> {
  walk.layers.push(...opened.layers)
  if (opened.held) walk.held.push(opened.held)
  walk.harvest ??= opened.harvest ?? null
  if (!opened.inner) return false
  const index = await orFault(indexMime(opened.inner))
  if (index instanceof Fault) {
    walk.layers.push(layerOf('content', 'not-opened'))
    return false
  }
  walk.inside = { source: opened.inner, index }
  walk.otherSender ||= namesAnotherSender(index.root, from)
  if (unwraps) walk.unwrapped = walk.inside
  return true
}

function closed(walk: Walk, ...more: readonly OpenedLayer[]): OpenedMail {
  walk.layers.push(...more)
  return { ...found(walk), content: null, readable: null, subject: null }
}

function released(walk: Walk): OpenedMail {
  const { outside, inside, unwrapped } = walk
  const said = found(walk)
  // A subject that a stranger's or a broken signature covers is no better than the one outside.
  const covered = said.verdict.state === 'good' || said.layers.some(({ state }) => state === 'decrypted')
  return {
    ...said,
    content: contentOf(inside),
    readable: unwrapped === outside ? null : contentOf(unwrapped),
    subject: inside !== outside && covered ? protectedSubject(inside.index.root) : null,
  }
}

type Found = Pick<OpenedMail, 'layers' | 'verdict' | 'harvest'> & AsyncDisposable

function found({ layers, outside, harvest, held, otherSender }: Walk): Found {
  const marked = markIntegrity(otherSender ? layers.map(notOfSender) : layers)
  const verdict = verdictOn(marked, suspectedDamage(outside.index.root.fields))
  return {
    layers: marked,
    verdict,
    harvest: verdict.state === 'good' ? harvest : null,
    [Symbol.asyncDispose]: () => dispose(held),
  }
}

const notOfSender = (layer: OpenedLayer): OpenedLayer =>
  layer.state === 'good' ? { ...layer, state: 'from-differs', words: wordsOf('from-differs') } : layer

async function dispose(held: readonly AsyncDisposable[]): Promise<void> {
  for (const one of held) await one[Symbol.asyncDispose]()
}

const NOTHING_KNOWN = { pgp: [], certificates: [], revoked: new Set<string>() }

async function openingOf(
  { source, index }: Inside,
  keys: OpenKeys,
  { at, from, legacy = {}, unpacking = unpackingOf(source.size) }: OpenOptions,
): Promise<Opening> {
  const sender = soleSender(index.root.fields)
  const same = sender !== null && sameMailbox(sender, from)
  const address = same ? canonical(sender) : null
  const known = address === null ? NOTHING_KNOWN : await keys.verification(address)
  return { keys, sender: known, revoked: known.revoked, from: same ? sender : null, at, legacy, unpacking }
}

function canonical(address: string): string | null {
  try {
    return canonicalAddress(address)
  } catch {
    return null
  }
}

interface Rest {
  readonly layers: readonly OpenedLayer[]
  /** Nothing is released. */
  readonly closed?: boolean
}

/** What is left when no container is around the content: protection of parts, of attached mails, in the text. */
async function unopened(walk: Walk, opening: () => Promise<Opening>): Promise<Rest | null> {
  const { inside, layers } = walk
  if (layers.some(({ kind }) => kind.endsWith('-signed'))) return null
  const sealed = sealedPart(inside.index.root)
  if (sealed) {
    const pgp = /pgp/.test(`${sealed.type} ${sealed.parameters.get('protocol') ?? ''}`.toLowerCase())
    const signed = /signed|signature/.test(sealed.type)
    return { layers: [layerOf(`${pgp ? 'pgp' : 'smime'}-${signed ? 'signed' : 'encrypted'}`, 'not-covered')] }
  }
  const inline = await openInline(inside, opening)
  if (inline) {
    const fine = await goInto(walk, inline, await opening(), true)
    // What nobody could open reaches the reader as it came; only what is known to be altered is not called content.
    const state = layers.at(-1)?.state
    return { layers: [], closed: !fine && state !== 'not-covered' && state !== 'not-opened' }
  }
  if (await hasEncryptedFile(inside)) return { layers: [layerOf('pgp-encrypted', 'not-covered')] }
  return forwardedSeal(inside.index.root) ? { layers: [layerOf('content', 'forwarded')] } : null
}
