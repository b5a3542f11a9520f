import { z } from 'zod'

export const OfflinePolicy = z
  .object({
    bundle: z.string().meta({ description: 'DSSE envelope with the rule sets in force.' }),
    keys: z
      .array(z.object({ keyid: z.string(), publicKey: z.string() }))
      .meta({ description: 'Ed25519 keys whose signatures count: raw public keys, base64url (RFC 8037).' }),
    tenant: z.string(),
    domains: z.array(z.string()).meta({ description: 'Of the organisation, A-labels.' }),
    revision: z.string(),
  })
  .meta({ id: 'OfflinePolicy' })
export type OfflinePolicy = z.infer<typeof OfflinePolicy>
