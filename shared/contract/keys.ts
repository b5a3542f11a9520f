import { z } from 'zod'
import { Address } from './address.ts'

const reason = z.string().trim().min(1).max(1000).meta({ description: 'Why; stands in the audit.' })

export const RenewPassword = z
  .object({
    address: Address.meta({ description: 'Of the correspondent who keeps a password for PDFs.' }),
    reason,
  })
  .meta({ id: 'RenewPassword' })
export const RenewedPassword = z.object({ address: z.string() }).meta({ id: 'RenewedPassword' })

export const RevocationList = z
  .object({
    authority: z.string().meta({ description: 'Common name of the authority, or its organisation.' }),
    thisUpdate: z.iso.datetime(),
    nextUpdate: z.iso.datetime(),
    revoked: z.int().meta({ description: 'Certificates that it names.' }),
    stale: z.boolean().meta({ description: 'It ran out: whom it names stays revoked, of others nothing is known.' }),
  })
  .meta({ id: 'RevocationList' })
export type RevocationList = z.infer<typeof RevocationList>
export const RevocationLists = z.object({ lists: z.array(RevocationList) }).meta({ id: 'RevocationLists' })

export const ImportRevocationList = z
  .object({
    list: z
      .base64()
      .min(1)
      .max(16 * 1024 * 1024)
      .meta({ description: 'The list, DER or PEM, in base64; at most 8 MiB of DER.' }),
    reason,
  })
  .meta({ id: 'ImportRevocationList' })
