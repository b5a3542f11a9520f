import { canDecode, readText } from '../../mime/charset.ts'
import { decodedBody } from '../../mime/decode.ts'
import type { MimePart } from '../../mime/part.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import { examine } from './detect/detect.ts'
import { htmlWords } from './html-text.ts'
import { allWords } from './text/file-text.ts'

/** Bytes of a named text that readers may show within the body. */
const INLINE_MAX = 262_144

const SIGNATURE = /^application\/(x-)?(pkcs7|pgp)-signature$/

/**
 * Every part below `root` that a reader lists as a file: leaves that are not in `body`, and whole messages. The signature of a
 * multipart/signed is among them: whether it is one, its bytes tell.
 */
export function fileParts(root: MimePart, body: ReadonlySet<MimePart>): MimePart[] {
  const found: MimePart[] = []
  const stack = [root]
  for (let part = stack.pop(); part; part = stack.pop()) {
    if (body.has(part)) continue
    if (part.shape === 'multipart') stack.push(...part.children.toReversed())
    else if (!isEmptyText(part)) found.push(part)
  }
  return found
}

/** Declared as the signature of the multipart/signed around it (RFC 1847 2.1): the second part, without a misleading name. */
export function isSignatureOf(parent: MimePart | undefined, part: MimePart): boolean {
  return (
    parent?.type === 'multipart/signed' &&
    parent.children.length === 2 &&
    parent.children[1] === part &&
    SIGNATURE.test(part.type) &&
    [part.fileName, ...part.otherNames].every((name) => /^$|\.(p7s|asc|sig)$/i.test(name))
  )
}

/** An empty, unnamed text part is nothing a reader shows. */
function isEmptyText(part: MimePart): boolean {
  return part.type.startsWith('text/') && part.fileName === '' && part.bodyEnd - part.bodyStart <= 2
}

/** Whether the bytes of a part are a detached signature. */
export async function isSignature(source: ByteSource, part: MimePart): Promise<boolean> {
  const { type, size } = await examine(() => decodedBody(source, part))
  return (type === 'p7s' || type === 'sig') && size <= 65_536
}

/** A named text that is no attachment is a file for some readers and a piece of the body for others. */
export function isShownInline({ type, disposition }: MimePart): boolean {
  return (type === 'text/plain' || type === 'text/html') && disposition !== 'attachment'
}

/** Words of such a part; `cut`: there may be more. */
export async function inlineWords(
  source: ByteSource,
  part: MimePart,
): Promise<{ readonly words: string; readonly cut: boolean }> {
  const charset = part.parameters.get('charset')
  const { text, cut } = await readText(decodedBody(source, part), charset, INLINE_MAX)
  const words = part.type === 'text/html' ? allWords(await htmlWords(text)) : text
  return { words, cut: cut || !canDecode(charset) }
}
