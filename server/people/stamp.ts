/**
 * X-Secflow-Stamp: what the sender chose, signed by the service and bound to the mail, so that nobody between the add-in
 * and the gateway can add, alter or reuse it. A compact JWS (RFC 7515) under EdDSA (RFC 8037) with the tenant's own key.
 */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { TenantId } from '../../shared/domain/index.ts'
import { canonicalAddress } from '../../shared/words/address.ts'
import {
  type StampOutcome,
  stampedFiles,
  stampedRecipients,
  stampedSubject,
  stampedWishes,
} from '../../shared/words/stamp.ts'
import { sha256Text } from '../ports/digest.ts'
import type { TenantSecrets } from '../ports/secrets.ts'

const TYPE = 'secflow-stamp+jwt'
const DAY = 86_400_000
/** Clocks of two nodes of one installation may differ by this much. */
const TOLERANCE_SECONDS = 120
const LONGEST = 16_384
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** What a stamp binds: the choice to the mail it was made for. */
export interface StampedMail {
  readonly sender: string
  /** Visible recipients (To and Cc) as addresses, in any order. */
  readonly visible: readonly string[]
  /** Decoded, as composed. */
  readonly subject: string
}

export interface Stamp {
  /** Label id, or null when the sender chose none. */
  readonly classification: string | null
  /** Value of X-Secflow-Protection (RFC 9651 list), '' for none. */
  readonly protection: string
  /** Digest of the header value whose phone numbers for single recipients it binds; null for none. */
  readonly numbers: string | null
  /** Epoch milliseconds. */
  readonly time: number
  /** Canonical forms of the visible recipients it was made for. */
  readonly visible: ReadonlySet<string>
}

export type StampRefusal = 'malformed' | 'signature' | 'age' | 'sender' | 'recipients' | 'subject'

export interface StampKey {
  readonly tenant: TenantId
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** An Ed25519 key pair (RFC 8032) from a 32-byte seed. */
export function ed25519FromSeed(seed: Uint8Array): { privateKey: KeyObject; publicKey: KeyObject } {
  if (seed.length !== 32) throw new RangeError('an Ed25519 seed has 32 bytes')
  const privateKey = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' })
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

/** The tenant's stamp key, derived (HKDF-SHA-256, RFC 5869), so that every node has it and nothing is stored. */
export function stampKey(secrets: TenantSecrets, tenant: TenantId): StampKey {
  const seed = Buffer.from(hkdfSync('sha256', secrets.macKey(tenant), tenant, 'secflow stamp v1', 32))
  return { tenant, ...ed25519FromSeed(seed) }
}

/** What a stamp says of the sender's choice. */
export interface StampedChoice extends Pick<Stamp, 'classification' | 'protection'> {
  readonly outcome?: StampOutcome
  /**
   * Value of X-Secflow-Protection where it has phone numbers for single recipients. The stamp binds it by its digest: a header
   * of a mail client has no room for the numbers twice.
   */
  readonly withNumbers?: string
}

/**
 * Signs the sender's choice at `time` (epoch ms). For the client alone, so that it knows whether the answer still is about the
 * draft: the attachments as it named them, and what the decision asks of it.
 */
export function signStamp(
  key: StampKey,
  mail: StampedMail & { readonly files?: readonly { readonly name: string; readonly size: number }[] },
  choice: StampedChoice,
  time: number,
): Promise<string> {
  return new SignJWT({
    sub: canonical(mail.sender),
    rcp: recipientsHash(mail.visible),
    sbj: subjectHash(mail.subject),
    att: sha256Text(stampedFiles(mail.files ?? [])),
    cls: choice.classification,
    prt: choice.protection,
    ...(choice.withNumbers === undefined ? {} : { num: sha256Text(stampedWishes(choice.withNumbers)) }),
    out: choice.outcome ?? 'send',
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE })
    .setIssuer(issuer(key.tenant))
    .setIssuedAt(Math.floor(time / 1000))
    .sign(key.privateKey)
}

/**
 * Checks a stamp against the mail as it came in at `now` (epoch ms). A refusal is a value, not a fault: the mail goes on
 * without its sender's intent, and the reason is audited.
 */
export async function verifyStamp(
  key: StampKey,
  text: string,
  mail: StampedMail,
  now: number,
  maxAgeMs = 14 * DAY,
): Promise<{ readonly stamp: Stamp } | { readonly refused: StampRefusal }> {
  const compact = text.replace(/\s+/g, '')
  if (compact.length > LONGEST) return { refused: 'malformed' }
  try {
    const { payload } = await jwtVerify(compact, key.publicKey, {
      algorithms: ['EdDSA'],
      typ: TYPE,
      issuer: issuer(key.tenant),
      requiredClaims: ['sub', 'rcp', 'sbj', 'iat'],
      maxTokenAge: Math.ceil(maxAgeMs / 1000),
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(now),
    })
    if (payload.sub !== canonical(mail.sender)) return { refused: 'sender' }
    if (payload.rcp !== recipientsHash(mail.visible)) return { refused: 'recipients' }
    if (payload.sbj !== subjectHash(mail.subject)) return { refused: 'subject' }
    return {
      stamp: {
        classification: typeof payload.cls === 'string' ? payload.cls : null,
        protection: typeof payload.prt === 'string' ? payload.prt : '',
        numbers: typeof payload.num === 'string' ? payload.num : null,
        time: payload.iat! * 1000,
        visible: new Set(mail.visible.map(canonical)),
      },
    }
  } catch (error) {
    return { refused: refusal(error) }
  }
}

/** Whether the stamp was made for the phone numbers in this value of X-Secflow-Protection. */
export function bindsNumbers(stamp: Stamp, wishes: string): boolean {
  return stamp.numbers === sha256Text(stampedWishes(wishes))
}

/** Whether the stamp speaks for this envelope recipient; for others (Bcc, list members) intent may only tighten. */
export function covers(stamp: Stamp, address: string): boolean {
  return stamp.visible.has(canonical(address))
}

function refusal(error: unknown): StampRefusal {
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed)
    return 'signature'
  if (error instanceof errors.JWTExpired) return 'age'
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim === 'iat' ? 'age' : 'signature'
  return 'malformed'
}

const issuer = (tenant: TenantId) => `urn:secflow:tenant:${tenant}`

const subjectHash = (subject: string) => sha256Text(stampedSubject(subject))
const recipientsHash = (addresses: readonly string[]) => sha256Text(stampedRecipients(addresses.map(canonical)))

/** Clients and servers write the same address in different ways; what is none stands for itself. */
function canonical(address: string): string {
  try {
    return canonicalAddress(address)
  } catch {
    return address.toLowerCase()
  }
}
