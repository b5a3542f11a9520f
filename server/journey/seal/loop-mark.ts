import { createHmac, timingSafeEqual } from 'node:crypto'
import type { TenantId } from '../../../shared/domain/index.ts'
import { HEADER } from '../../../shared/words/headers.ts'
import type { HeaderField } from '../../mime/entity.ts'
import { fieldsOf, fieldValue } from '../../mime/header.ts'

/**
 * `X-Secflow-Loop`: proof that we have processed exactly this mail, for a mail server of the tenant's own that may hand it back
 * to us. It is bound to tenant, copy, body and the fields that say what the body is, and so worth nothing on any other mail.
 */
export interface LoopMark {
  /** `CopyRecord.id`: whom it was processed for stands there. */
  readonly copy: string
  /** Epoch ms. */
  readonly at: number
  /** How often the mail left us: 1 the first time. */
  readonly count: number
  /** Of the body in relaxed form (RFC 6376 3.4.4), base64. */
  readonly bodyHash: string
}

/** A mail that waits longer than any queue keeps it is a new one. */
const LIFE_MS = 7 * 24 * 3_600_000
const NAME = HEADER.loop.toLowerCase()
/** What a body is read by, and what a recipient takes for its author and its subject. */
const BOUND = ['from', 'subject', 'message-id', 'mime-version', 'content-type', 'content-transfer-encoding']
const FORM =
  /^v=1; c=([A-Za-z0-9-]{1,64}); t=(\d{1,15}); n=(\d{1,2}); bh=([A-Za-z0-9+/=]{1,64}); b=([A-Za-z0-9_-]{43})$/

export function markField(
  key: Uint8Array,
  tenant: TenantId,
  mark: LoopMark,
  header: readonly HeaderField[],
): HeaderField {
  const { copy, at, count, bodyHash } = mark
  const text = `v=1; c=${copy}; t=${at}; n=${count}; bh=${bodyHash}; b=${mac(key, tenant, mark, header).toString('base64url')}`
  return { name: NAME, raw: Buffer.from(`${HEADER.loop}: ${text}`) }
}

/**
 * The mark of a mail, or null: there is none, more than one, it is too old, or we did not write it for this tenant and this
 * header. Whether the body is the same as well is for whoever reads it to compare with `bodyHash`. Pure.
 */
export function readMark(
  key: Uint8Array,
  tenant: TenantId,
  header: readonly HeaderField[],
  now: number,
): LoopMark | null {
  const [field, ...more] = fieldsOf(header, NAME)
  if (!field || more.length > 0) return null
  const [, copy, at, count, bodyHash, proof] = FORM.exec(spaced(fieldValue(field))) ?? []
  if (!copy || !bodyHash || !proof) return null
  const mark: LoopMark = { copy, at: Number(at), count: Number(count), bodyHash }
  if (Math.abs(now - mark.at) > LIFE_MS) return null
  return timingSafeEqual(mac(key, tenant, mark, header), Buffer.from(proof, 'base64url')) ? mark : null
}

function mac(key: Uint8Array, tenant: TenantId, mark: LoopMark, header: readonly HeaderField[]): Buffer {
  const bound = BOUND.map((name) => fieldsOf(header, name).map((field) => spaced(fieldValue(field))))
  const { copy, at, count, bodyHash } = mark
  return createHmac('sha256', key)
    .update(JSON.stringify(['loop-mark/1', tenant, copy, at, count, bodyHash, bound]))
    .digest()
}

/** Servers on the way may fold anew. */
const spaced = (text: string): string => text.replace(/\s+/g, ' ').trim()

const START = Buffer.from(`${HEADER.loop}: `)

/** The first bytes of a copy without the mark that stands in front of it: only the tenant's own hops see it. */
export function withoutMark(head: Uint8Array): Uint8Array {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (!bytes.subarray(0, START.length).equals(START)) return head
  return new Uint8Array(bytes.subarray(bytes.indexOf('\r\n') + 2))
}
