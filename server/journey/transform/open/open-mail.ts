import { Fault } from '../../../../shared/fault/index.ts'
import { canonicalAddress } from '../../../../shared/words/address.ts'
import { sameMailbox } from '../../../keys/certificate.ts'
import { contentType } from '../../../mime/build.ts'
import { readText } from '../../../mime/charset.ts'
import { contentEntity } from '../../../mime/content-of.ts'
import { decodedBody } from '../../../mime/decode.ts'
import type { Entity } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import { indexMime } from '../../../mime/index-mime.ts'
import { readableParts } from '../../../mime/readable.ts'
import type { ByteSource } from '../../../ports/bytes.ts'
import { containerOf, sealedPart } from './container.ts'
import { layerOf } from './judge.ts'
import type { OpenKeys, OpenOptions } from './keys.ts'
import { type Inside, type Opening, openContainer, orFault } from './open-layers.ts'
import type { OpenedLayer, OpenedMail } from './result.ts'
import { soleSender } from './sender.ts'
import { markIntegrity, verdictOn } from './verdict.ts'

/** Containers inside of each other that are opened. */
const DEEPEST = 5
const INLINE = /^-----BEGIN PGP (SIGNED )?MESSAGE-----/m
const INLINE_SEARCHED = 262_144

/**
 * Decrypts and verifies a mail: S/MIME (RFC 8551) and PGP/MIME (RFC 3156), inside of each other in any order, up to five
 * containers. Whatever is wrong with the mail is a state of a layer, not a fault; a decryption that fails says the same
 * whatever the cause. Content comes out only when every layer around it held; of what was encrypted nothing is released
 * before its end. Containers of more than 64 MiB are not opened.
 *
 * Raises `header-too-large` and `mime-too-complex` for the mail itself, and what `source` or `verification` raise.
 */
export async function openMail(source: ByteSource, keys: OpenKeys, options: OpenOptions): Promise<OpenedMail> {
  let inside: Inside = { source, index: await indexMime(source) }
  let opening: Opening | null = null
  const layers: OpenedLayer[] = []
  for (let depth = 0; ; depth++) {
    const container = containerOf(inside.index.root)
    if (container === null) break
    if (depth === DEEPEST) return result([...layers, layerOf('content', 'too-deep')], null)
    opening ??= await openingOf(inside, keys, options)
    const opened = await openContainer(container, inside, opening)
    layers.push(...opened.layers)
    if (!opened.inner) return result(layers, null)
    const index = await orFault(indexMime(opened.inner))
    if (index instanceof Fault) return result([...layers, layerOf('content', 'not-opened')], null)
    inside = { source: opened.inner, index }
  }
  const signed = layers.some(({ kind }) => kind.endsWith('-signed'))
  return result(signed ? layers : [...layers, ...(await unopened(inside))], contentOf(inside))
}

function result(layers: readonly OpenedLayer[], content: Entity | null): OpenedMail {
  const marked = markIntegrity(layers)
  return { layers: marked, content, verdict: verdictOn(marked) }
}

async function openingOf({ index }: Inside, keys: OpenKeys, { at, from }: OpenOptions): Promise<Opening> {
  const sender = soleSender(index.root.fields)
  const same = sender !== null && sameMailbox(sender, from)
  const address = same ? canonical(sender) : null
  return { keys, senderKeys: address === null ? [] : await keys.verification(address), from: same ? sender : null, at }
}

function canonical(address: string): string | null {
  try {
    return canonicalAddress(address)
  } catch {
    return null
  }
}

/** Protection that is there but does not cover the mail, or has a form that is not read. */
async function unopened({ source, index }: Inside): Promise<OpenedLayer[]> {
  const sealed = sealedPart(index.root)
  if (sealed) {
    const pgp = /pgp/.test(`${sealed.type} ${sealed.parameters.get('protocol') ?? ''}`.toLowerCase())
    const signed = /signed|signature/.test(sealed.type)
    return [layerOf(`${pgp ? 'pgp' : 'smime'}-${signed ? 'signed' : 'encrypted'}`, 'not-covered')]
  }
  const { groups } = readableParts(index.root, { enterSigned: false })
  for (const part of groups.flatMap(({ plain, html }) => [...plain, ...html])) {
    const { text } = await readText(decodedBody(source, part), part.parameters.get('charset'), INLINE_SEARCHED)
    if (INLINE.test(text)) return [layerOf('pgp-inline', 'not-opened')]
  }
  return []
}

/** The Content-* fields and the body. What has no MIME header at all is text from its first byte. */
function contentOf({ source, index }: Inside): Entity {
  const headless = index.root.fields.some(({ name }) => name === '') && index.root.type === 'text/plain'
  if (!headless || index.root.fields.some(({ name }) => name === 'from')) return contentEntity(source, index)
  return {
    header: [contentType('text/plain', [['charset', 'utf-8']]), rawField('Content-Transfer-Encoding', '8bit')],
    body: () => source.stream(),
    size: source.size,
  }
}
