import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Access, GrantRecord, MessageId, TenantId } from '../../../../shared/domain/index.ts'

/** 256 bits as base64url: 43 characters. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/

/**
 * Makes what one recipient may open. The token is given out once, for the URL, and is not kept: the record holds its
 * SHA-256. `expiresAt` and `now` are epoch ms; `phone` is E.164.
 */
export function newGrant(of: {
  readonly message: MessageId
  readonly recipient: string
  readonly access: Access
  readonly kind: GrantRecord['kind']
  readonly files?: readonly string[]
  readonly content?: GrantRecord['content']
  readonly reply?: boolean
  readonly receipt?: boolean
  readonly phone?: string | null
  readonly expiresAt: number
  readonly now: number
}): { readonly grant: GrantRecord; readonly token: string } {
  const token = randomBytes(32).toString('base64url')
  const grant: GrantRecord = {
    id: randomUUID(),
    tokenHash: hashToken(token),
    message: of.message,
    recipient: of.recipient,
    kind: of.kind,
    access: of.access,
    files: of.files ?? [],
    content: of.content ?? null,
    reply: of.reply ?? false,
    receipt: of.receipt ?? false,
    phone: of.phone ?? null,
    expiresAt: of.expiresAt,
    revokedAt: null,
    createdAt: of.now,
  }
  return { grant, token }
}

/** SHA-256 of a token, hex, as `GrantRecord.tokenHash` stores it. Null for a text that cannot be a token: look nothing up. */
export function tokenHashOf(token: string): string | null {
  return TOKEN.test(token) ? hashToken(token) : null
}

/** The one URL a recipient gets. `publicUrl` is the configured base, with or without a final slash. */
export function grantUrl(publicUrl: string, tenant: TenantId, token: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/portal/${tenant}/${token}`
}

function hashToken(token: string): string {
  return createHash('sha256').update(token, 'ascii').digest('hex')
}
