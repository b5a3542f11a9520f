import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readElement } from '../../server/keys/asn1/ber-read.ts'
import * as der from '../../server/keys/asn1/der.ts'
import { type Authority, issueCertificate } from '../../server/keys/authority.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import type { SmimeIdentity } from '../../server/ports/keyring.ts'

export type ModernKey = 'ed25519' | 'x25519' | 'ml-kem-768' | 'ml-kem-1024' | 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'

/**
 * A mail certificate of a kind that no authority of ours issues: that of a key of a usual kind with another key in it,
 * signed again. The authority must be P-384.
 */
export async function issueFor(
  authority: Authority,
  kind: ModernKey,
  request: { readonly address: string; readonly notBefore: number; readonly notAfter: number },
): Promise<SmimeIdentity> {
  const { publicKey, privateKey } = pairOf(kind)
  // Key usage: keyAgreement for X25519, keyEncipherment for ML-KEM, digitalSignature for all that sign.
  const keyType = kind === 'x25519' ? 'p256' : 'rsa2048'
  const usual = await issueCertificate(authority, { ...request, name: kind, keyType })
  const [tbs, algorithm] = readElement(certificateOf(usual.certificate).raw, { encoding: 'der' }).children
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const members = tbs!.children.map((member) => (isKey(member) ? spki : member.bytes))
  const body = der.sequence(...members)
  const signature = sign('sha384', body, authority.privateKey)
  const certificate = certificateOf(der.sequence(body, algorithm!.bytes, der.bitString(signature)))
  return { certificate, chain: [], privateKey, gateway: false }
}

const isKey = ({ children }: ReturnType<typeof readElement>) =>
  children.length === 2 && children[1]!.tag === der.TAG.bitString

function pairOf(kind: ModernKey): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (kind) {
    case 'ed25519':
      return generateKeyPairSync('ed25519')
    case 'x25519':
      return generateKeyPairSync('x25519')
    default:
      return generateKeyPairSync(kind as 'ml-kem-768')
  }
}
