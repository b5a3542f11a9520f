import type { X509Certificate } from 'node:crypto'
import type { LayerKind, LayerState } from '../../../../shared/domain/index.ts'
import { fieldsOf, fingerprint, issuedAs, mailAddresses, sameMailbox, usableFor } from '../../../keys/certificate.ts'
import { verifyingPath } from '../../../keys/path.ts'
import { inTurns } from '../../../threads/turn.ts'
import type { PgpSignatureCheck } from '../openpgp/index.ts'
import type { VerifiedContent, VerifiedSigner } from '../smime/index.ts'
import type { OpenedLayer, OpenedSigner } from './result.ts'
import { wordsOf } from './words.ts'

/** What a signature is held against. */
export interface Claim {
  /** The sender as every reader sees it; null when that is not one address. */
  readonly from: string | null
  /** Time of receipt, epoch ms. */
  readonly at: number
  /** What an administrator revoked (`VerificationKeys`). */
  readonly revoked: ReadonlySet<string>
}

/** Clocks differ; a signature from further ahead was not made by a clock that is right. */
const CLOCK_MS = 24 * 3_600_000
/** Of several signatures the first in this order speaks for the layer: one good one is enough. */
const BEST: readonly LayerState[] = [
  'good',
  'from-differs',
  'expired',
  'revoked',
  'weak',
  'unusable',
  'unknown-signer',
  'broken',
]

const byBest = (a: OpenedLayer, b: OpenedLayer) => BEST.indexOf(a.state) - BEST.indexOf(b.state)

/** One layer for signed-data whose signatures all hold; `anchors` are those they were verified against. */
export async function judgeSmime(
  verified: Pick<VerifiedContent, 'signers' | 'certificates'>,
  anchors: readonly X509Certificate[],
  claim: Claim,
): Promise<OpenedLayer> {
  const layers: OpenedLayer[] = []
  for (const signer of verified.signers) {
    const state = await smimeState(signer, verified.certificates, anchors, claim)
    layers.push(
      layerOf('smime-signed', state, {
        algorithm: signer.algorithm,
        signer: certificateHolder(signer.certificate, claim.from),
        signedAt: signer.signedAt,
      }),
    )
  }
  return layers.toSorted(byBest)[0] ?? layerOf('smime-signed', 'broken')
}

async function smimeState(
  { certificate, trust, addresses, signedAt }: VerifiedSigner,
  certificates: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  { from, at, revoked }: Claim,
): Promise<LayerState> {
  if (revoked.has(fingerprint(certificate))) return 'revoked'
  if (revoked.size > 0 && revoked.has(issuedAs(certificate))) return 'revoked'
  const { notBefore, notAfter } = fieldsOf(certificate)
  const claimed = signedAt ?? at
  const inTime = [at, claimed].every((time) => time >= notBefore && time <= notAfter) && claimed <= at + CLOCK_MS
  if (!inTime) {
    // A stranger's certificate is a stranger's, expired or not.
    const known = (await inTurns(verifyingPath(certificate, certificates, anchors, notAfter))) === null
    return known ? 'expired' : 'unknown-signer'
  }
  if (trust === 'certificate-revoked') return 'revoked'
  if (trust === 'certificate-unusable') return isShort(certificate) ? 'weak' : 'unusable'
  if (trust !== null || usableFor(certificate, null, claimed, 'sign') !== null) return 'unknown-signer'
  return from !== null && addresses.some((address) => sameMailbox(address, from)) ? 'good' : 'from-differs'
}

/** RSA below 2048 bits, as `usableFor` refuses it. */
function isShort({ publicKey }: X509Certificate): boolean {
  return publicKey.asymmetricKeyType === 'rsa' && (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < 2048
}

/** One layer for OpenPGP signatures, checked with the keys that are known for the sender's address. */
export function judgePgp(checks: readonly PgpSignatureCheck[], claim: Claim): OpenedLayer {
  const { from } = claim
  const layers = checks.map((check) => {
    const known = check.state !== 'unknown-key'
    return layerOf('pgp-signed', pgpState(check, claim), {
      algorithm: 'OpenPGP',
      signer: {
        address: known && from !== null ? shown(from) : null,
        name: null,
        issuer: null,
        fingerprint: check.fingerprint ?? check.keyId,
      },
      signedAt: check.signedAt,
    })
  })
  return layers.toSorted(byBest)[0] ?? layerOf('pgp-signed', 'broken')
}

function pgpState(
  { state, key, signedAt, weak, fingerprint: made }: PgpSignatureCheck,
  { from, at, revoked }: Claim,
): LayerState {
  if (made !== null && revoked.has(made)) return 'revoked'
  if (state === 'unknown-key') return 'unknown-signer'
  if (state === 'bad') return key === 'revoked' ? 'revoked' : weak ? 'weak' : 'broken'
  if (key === 'revoked' || key === 'unusable') return key
  if (key !== 'valid' || signedAt === null || signedAt > at + CLOCK_MS) return 'expired'
  return from === null ? 'from-differs' : 'good'
}

export function layerOf(
  kind: LayerKind,
  state: LayerState,
  found: Partial<Pick<OpenedLayer, 'algorithm' | 'signer' | 'signedAt'>> = {},
): OpenedLayer {
  return { kind, algorithm: null, signer: null, signedAt: null, ...found, state, words: wordsOf(state) }
}

function certificateHolder(certificate: X509Certificate, from: string | null): OpenedSigner {
  const addresses = mailAddresses(certificate)
  const address = addresses.find((own) => from !== null && sameMailbox(own, from)) ?? addresses[0]
  return {
    address: address === undefined ? null : shown(address),
    name: commonName(certificate.subject),
    issuer: commonName(certificate.issuer),
    fingerprint: fingerprint(certificate),
  }
}

/** CN of a name as node:crypto writes it, an attribute a line; the whole name where there is none. */
function commonName(name: string | undefined): string | null {
  if (!name) return null
  return shown(/^CN=(.*)$/m.exec(name)?.[1] ?? name.replaceAll('\n', ', '))
}

/** Text of a stranger's certificate that a terminal or a page can show: no control or direction-changing characters. */
function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, 200)
}
