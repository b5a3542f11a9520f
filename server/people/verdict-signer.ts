import type { TenantSecrets } from '../ports/secrets.ts'
import type { VerdictSigner } from '../ports/verdicts.ts'
import { signVerdict, verdictKey, verifyVerdict } from './verdict-token.ts'

/** Signs and recognises verdicts with each tenant's derived key. */
export function createVerdictSigner(secrets: TenantSecrets): VerdictSigner {
  return {
    sign: (tenant, statement, time) => signVerdict(verdictKey(secrets, tenant), statement, time),
    async holds(tenant, token, mail) {
      const read = await verifyVerdict(verdictKey(secrets, tenant), token, mail)
      return !('refused' in read) && read.copy === mail.copy
    },
  }
}
