/**
 * X-Secflow-Verdict: what the gateway found when it opened a mail, signed with the tenant's own key (compact JWS, RFC 7515,
 * EdDSA), so that a client can show it and nobody outside can write one. It binds the sender and the Message-ID as hashes, and
 * the copy that was delivered.
 */
import { createHash, hkdfSync, type KeyObject } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { Damage, LayerKind, LayerState, TenantId } from '../../shared/domain/index.ts'
import { lookupAddress } from '../../shared/words/address.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { VerdictClaims, VerdictStatement } from '../ports/verdicts.ts'
import { ed25519FromSeed } from './stamp.ts'

const TYPE = 'secflow-verdict+jwt'
const LONGEST = 4_096
/** A header line may have 998 characters (RFC 5322 2.1.1); what does not fit is named shorter. */
const TOKEN_MAX = 960

export interface VerdictKey {
  readonly tenant: TenantId
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Derived (HKDF-SHA-256) like the stamp's, and another key than that: a stamp is no verdict. */
export function verdictKey(secrets: TenantSecrets, tenant: TenantId): VerdictKey {
  const seed = Buffer.from(hkdfSync('sha256', secrets.macKey(tenant), tenant, 'secflow verdict v1', 32))
  return { tenant, ...ed25519FromSeed(seed) }
}

/** Signs at `time` (epoch ms). At most 960 characters: names of the signer and its keys are left out where it would be longer. */
export async function signVerdict(key: VerdictKey, statement: VerdictStatement, time: number): Promise<string> {
  const bare = { ...statement, layers: statement.layers.map((layer) => ({ ...layer, key: null })) }
  const nameless = { ...bare, signer: bare.signer && { ...bare.signer, name: null, issuer: null } }
  const anonymous = { ...nameless, signer: null }
  for (const shorter of [statement, bare, nameless]) {
    const token = await sign(key, shorter, time)
    if (token.length <= TOKEN_MAX) return token
  }
  return sign(key, anonymous, time)
}

function sign(key: VerdictKey, statement: VerdictStatement, time: number): Promise<string> {
  const { from, messageId, copy, state, damage, signer, layers, classification } = statement
  return new SignJWT({
    frm: fromHash(from),
    mid: idHash(messageId),
    cpy: copy,
    sta: state,
    ...(damage ? { dmg: damage } : {}),
    ...(signer
      ? { sig: [signer.address, signer.name?.slice(0, 80) ?? null, signer.issuer?.slice(0, 80) ?? null] }
      : {}),
    lay: layers.map(({ kind, state: found, key: made }) => (made ? [kind, found, made] : [kind, found])),
    ...(classification === null ? {} : { cls: classification }),
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE })
    .setIssuer(issuer(key.tenant))
    .setIssuedAt(Math.floor(time / 1000))
    .sign(key.privateKey)
}

export type VerdictRefusal = 'malformed' | 'signature' | 'from' | 'message-id'

export interface ReadVerdict extends VerdictClaims {
  readonly copy: string
  /** Epoch ms. */
  readonly time: number
}

/**
 * Checks a verdict against the mail that a client shows. A refusal is a value: the client shows nothing then. It does not age:
 * an old mail was good when it came. `messageId` null: the client could not read it.
 */
export async function verifyVerdict(
  key: VerdictKey,
  text: string,
  mail: { readonly from: string; readonly messageId: string | null },
): Promise<ReadVerdict | { readonly refused: VerdictRefusal }> {
  const compact = text.replace(/\s+/g, '')
  if (compact.length > LONGEST) return { refused: 'malformed' }
  try {
    const { payload } = await jwtVerify(compact, key.publicKey, {
      algorithms: ['EdDSA'],
      typ: TYPE,
      issuer: issuer(key.tenant),
      requiredClaims: ['frm', 'mid', 'cpy', 'sta', 'lay', 'iat'],
    })
    if (payload.frm !== fromHash(mail.from)) return { refused: 'from' }
    if (mail.messageId !== null && payload.mid !== idHash(mail.messageId)) return { refused: 'message-id' }
    return claimsOf(payload as unknown as Payload)
  } catch (error) {
    return { refused: error instanceof errors.JWSSignatureVerificationFailed ? 'signature' : 'malformed' }
  }
}

/** What `sign` wrote: the signature vouches for its shape. */
interface Payload {
  readonly sta: VerdictClaims['state']
  readonly dmg?: Damage
  readonly sig?: readonly [string | null, string | null, string | null]
  readonly lay: readonly (readonly [LayerKind, LayerState, string?])[]
  readonly cls?: string
  readonly cpy: string
  readonly iat: number
}

function claimsOf({ sta, dmg, sig, lay, cls, cpy, iat }: Payload): ReadVerdict {
  return {
    state: sta,
    damage: dmg ?? null,
    signer: sig ? { address: sig[0], name: sig[1], issuer: sig[2] } : null,
    layers: lay.map(([kind, state, key]) => ({ kind, state, key: key ?? null })),
    classification: cls ?? null,
    copy: cpy,
    time: iat * 1000,
  }
}

const issuer = (tenant: TenantId) => `urn:secflow:tenant:${tenant}`
/** 132 bits: nobody finds a second mail of the same hash. */
const short = (text: string) => createHash('sha256').update(text, 'utf8').digest('base64url').slice(0, 22)
const fromHash = (address: string) => short(`from ${lookupAddress(address)}`)
const idHash = (messageId: string) => short(`id ${messageId.trim().replace(/^<|>$/g, '')}`)
