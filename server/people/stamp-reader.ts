import type { StampReader } from '../journey/evaluate/given.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import { bindsNumbers, covers, stampKey, verifyStamp } from './stamp.ts'

/** Checks stamps for the evaluate stage with each tenant's derived key. */
export function stampReader(secrets: TenantSecrets): StampReader {
  return {
    async read(tenant, text, { sender, visible, subject, now }) {
      const result = await verifyStamp(stampKey(secrets, tenant.id), text, { sender, visible, subject }, now)
      if ('refused' in result) return result
      const { stamp } = result
      return {
        classification: stamp.classification,
        protection: stamp.protection === '' ? [] : [stamp.protection],
        bindsNumbers: (wishes) => bindsNumbers(stamp, wishes),
        covers: (address) => covers(stamp, address),
      }
    },
  }
}
