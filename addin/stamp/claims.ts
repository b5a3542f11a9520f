import { plainAddress } from '../../shared/words/plain-address.ts'
import {
  STAMP_OUTCOMES,
  type StampOutcome,
  stampedFiles,
  stampedRecipients,
  stampedSubject,
  stampedWishes,
} from '../../shared/words/stamp.ts'
import { digest, fromBase64url } from './base64url.ts'
import type { SeenFile } from './draft.ts'

/** What a stamp says of itself. Nobody here can verify its signature: the gateway does. */
export interface StampClaims {
  /** Canonical address. */
  readonly sender: string
  readonly recipientsHash: string
  readonly subjectHash: string
  /** null for a stamp that says nothing of attachments. */
  readonly filesHash: string | null
  readonly classification: string | null
  /** Value of X-Secflow-Protection, '' for no wish. */
  readonly protection: string
  /** Digest of the whole value, where it has phone numbers for recipients; null for none. */
  readonly wishesHash: string | null
  readonly outcome: StampOutcome
  /** Epoch ms. */
  readonly time: number
}

/** Reads a compact JWS (RFC 7515 3.1) made by the service; null for what is none. Never throws. */
export function claimsOf(stamp: string): StampClaims | null {
  const parts = stamp.split('.')
  const text = parts.length === 3 ? fromBase64url(parts[1]!) : null
  if (text === null) return null
  let claims: unknown
  try {
    claims = JSON.parse(text)
  } catch (_) {
    return null
  }
  if (typeof claims !== 'object' || claims === null) return null
  const { sub, rcp, sbj, att, cls, prt, num, out, iat } = claims as Record<string, unknown>
  if (typeof sub !== 'string' || typeof rcp !== 'string' || typeof sbj !== 'string' || typeof iat !== 'number')
    return null
  return {
    sender: sub,
    recipientsHash: rcp,
    subjectHash: sbj,
    filesHash: typeof att === 'string' ? att : null,
    classification: typeof cls === 'string' ? cls : null,
    protection: typeof prt === 'string' ? prt : '',
    wishesHash: typeof num === 'string' ? num : null,
    outcome: STAMP_OUTCOMES.find((one) => one === out) || 'send',
    time: iat * 1000,
  }
}

/** Whether the stamp was made for this value of X-Secflow-Protection, '' for no wish. */
export const bindsWishes = ({ protection, wishesHash }: StampClaims, wishes: string): boolean =>
  wishesHash === null ? protection === wishes : wishesHash === digest(stampedWishes(wishes))

/** What of a draft a stamp binds; all of it was read. */
export interface BoundDraft {
  readonly sender: string
  /** To and Cc. */
  readonly visible: readonly string[]
  readonly subject: string
  readonly files: readonly SeenFile[]
}

/** Whether the stamp was made for this draft as it is now. Addresses that only the service can canonicalise make it false. */
export function bindsDraft(claims: StampClaims, draft: BoundDraft): boolean {
  const visible: string[] = []
  for (const address of draft.visible) {
    const plain = plainAddress(address)
    if (plain === null) return false
    visible.push(plain)
  }
  return (
    claims.sender === plainAddress(draft.sender) &&
    claims.recipientsHash === digest(stampedRecipients(visible)) &&
    claims.subjectHash === digest(stampedSubject(draft.subject)) &&
    claims.filesHash === digest(stampedFiles(draft.files))
  )
}
