import type { MessageFacts } from '../../../shared/domain/index.ts'
import { type MimeIndex, type MimePart, partsOf } from '../../mime/part.ts'

/** What the message is as a whole: what the gateway cannot look into or must not alter. */
export function contentKind(index: MimeIndex, bodyText: string, rootType: string | null): MessageFacts['content'] {
  const { root } = index
  if (root.type === 'multipart/encrypted') {
    return root.parameters.get('protocol')?.toLowerCase().includes('pkcs7') ? 'smime-encrypted' : 'pgp-encrypted'
  }
  if (root.type === 'multipart/signed') {
    return /pgp/i.test(root.parameters.get('protocol') ?? '') || hasType(root, 'application/pgp-signature')
      ? 'pgp-signed'
      : 'smime-signed'
  }
  if (/^application\/(x-)?pkcs7-mime$/.test(root.type)) return smimeKind(root, rootType)
  if (root.type === 'multipart/report' || root.type === 'message/delivery-status') return 'report'
  if (
    hasType(root, 'application/ms-tnef') ||
    hasType(root, 'application/vnd.ms-tnef') ||
    hasName(root, /^winmail\.dat$/i)
  ) {
    return 'tnef'
  }
  if (isCalendar(root)) return 'calendar'
  if (/^-----BEGIN PGP MESSAGE-----/m.test(bodyText)) return 'pgp-encrypted'
  if (/^-----BEGIN PGP SIGNED MESSAGE-----/m.test(bodyText)) return 'pgp-signed'
  return 'plain'
}

/** RFC 8551 3.2.2; what the CMS says of itself counts more than the parameter. Compressed data cannot be looked into either. */
function smimeKind(root: MimePart, rootType: string | null): MessageFacts['content'] {
  if (rootType === 'p7s') return 'smime-signed'
  if (rootType === 'p7m' || rootType === 'p7z') return 'smime-encrypted'
  return /^(signed-data|certs-only)$/i.test(root.parameters.get('smime-type') ?? '')
    ? 'smime-signed'
    : 'smime-encrypted'
}

/** A meeting (RFC 6047): the calendar is the message or a form of it, not a file beside it. */
function isCalendar(root: MimePart): boolean {
  if (root.type === 'text/calendar') return true
  return [...partsOf(root)].some(
    (part) => part.type === 'multipart/alternative' && part.children.some((child) => child.type === 'text/calendar'),
  )
}

function hasType(root: MimePart, type: string): boolean {
  return outerParts(root).some((part) => part.type === type)
}

function hasName(root: MimePart, name: RegExp): boolean {
  return outerParts(root).some((part) => name.test(part.fileName))
}

/** Parts of this message, without those of messages inside. */
function outerParts(root: MimePart): MimePart[] {
  return root.shape === 'message' ? [root] : [root, ...root.children.flatMap(outerParts)]
}
