import type { TenantId } from '../../shared/domain/index.ts'
import { openText, sealText } from '../keys/seal.ts'
import type { TenantSecrets } from '../ports/secrets.ts'

const PURPOSE = 'secflow job payload v1'

/** A password or code on its way through the queue: sealed under the tenant's key, base64. */
export function sealPayload(
  secrets: TenantSecrets,
  tenant: TenantId,
  content: Readonly<Record<string, unknown>>,
): string {
  return sealText(
    secrets.keyEncryptionKey(tenant),
    { purpose: PURPOSE, boundTo: tenant },
    JSON.stringify(content),
  ).toString('base64')
}

/** Raises `key-unusable` when it does not open. */
export function openPayload(
  secrets: TenantSecrets,
  tenant: TenantId,
  sealed: string,
): Readonly<Record<string, unknown>> {
  return JSON.parse(
    openText(secrets.keyEncryptionKey(tenant), { purpose: PURPOSE, boundTo: tenant }, Buffer.from(sealed, 'base64')),
  )
}
