import type { X509Certificate } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { KeyRecord } from '../../shared/domain/index.ts'
import type { TenantReads, TenantWrites } from '../ports/store.ts'
import type { CrlFields } from './asn1/crl-read.ts'
import { fingerprint, readCertificates } from './certificate.ts'
import { crlName, crlOf, derOf, isSignedBy } from './revocation.ts'

/** Record of a revocation list, PEM or DER; whether an authority of ours signed it is the caller's question. Raises `crl-unusable`. */
export function keyRecordOfCrl(data: string | Uint8Array, now: number): KeyRecord {
  const der = derOf(data)
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return {
    id: crlName(crlOf(der)),
    kind: 'crl',
    use: 'peer',
    address: '',
    publicText: `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`,
    sealedPrivate: null,
    revokedAt: null,
    createdAt: now,
  }
}

/** Keeps a list in the place of an older one of the same authority and scope; false where a newer one is there. */
export async function putCrl(tx: Pick<TenantWrites, 'keys' | 'putKey'>, record: KeyRecord): Promise<boolean> {
  const [known] = await tx.keys({ id: record.id, kind: 'crl' })
  if (known && crlOf(known.publicText).thisUpdate > crlOf(record.publicText).thisUpdate) return false
  await tx.putKey(record)
  return true
}

/** Certificates that are stored for a tenant, each once: anchors, and people's with what came along for their path. */
export async function storedCertificates(read: Pick<TenantReads, 'keys'>): Promise<readonly X509Certificate[]> {
  const records = [...(await read.keys({ kind: 'anchor' })), ...(await read.keys({ kind: 'smime' }))]
  const found = new Map<string, X509Certificate>()
  for (const [at, { publicText }] of records.entries()) {
    // Reading one takes 0.3 ms, and a tenant may have ten thousand: mail goes on in between.
    if (at % 20 === 19) await setImmediate()
    for (const certificate of readable(publicText)) found.set(fingerprint(certificate), certificate)
  }
  return [...found.values()]
}

function readable(pem: string): readonly X509Certificate[] {
  try {
    return readCertificates(pem)
  } catch {
    // One damaged row must not stop the lists of all others.
    return []
  }
}

/** Which of these authorities signed the list, or null. */
export function authorityOf(list: CrlFields, certificates: readonly X509Certificate[]): X509Certificate | null {
  return certificates.find((certificate) => certificate.ca && isSignedBy(list, certificate)) ?? null
}
