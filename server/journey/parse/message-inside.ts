import type { MimePart } from '../../mime/part.ts'

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
