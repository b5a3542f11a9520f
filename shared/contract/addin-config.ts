import { z } from 'zod'
import { Address } from './address.ts'

/** How users of the Outlook add-in sign in; holds no secret. */
export const AddinConfig = z
  .discriminatedUnion('mode', [
    z.object({
      mode: z.literal('demo'),
      persons: z
        .array(z.object({ address: Address, name: z.string() }))
        .meta({ description: 'Whom the demo tenant lets in, without a password.' }),
    }),
    z.object({
      mode: z.literal('oidc'),
      authority: z.url().meta({ description: 'Issuer; its metadata is below (OpenID Connect Discovery).' }),
      clientId: z.string(),
      scope: z.string().meta({ description: 'Space separated, `openid` among them.' }),
      resource: z.string().optional().meta({ description: 'RFC 8707, where the provider wants it.' }),
    }),
    z.object({
      mode: z.literal('entra'),
      authority: z.url().meta({ description: 'Of one Entra tenant: https://login.microsoftonline.com/<tenant>.' }),
      clientId: z.string(),
      scope: z.string().meta({ description: "The API's own, such as api://host/client/access_as_user." }),
      tenant: z.string().meta({ description: 'Directory (tenant) id.' }),
    }),
  ])
  .meta({ id: 'AddinConfig' })
export type AddinConfig = z.infer<typeof AddinConfig>

/** Whom the caller wants to be. Exists in demo mode only. */
export const DemoTokenRequest = z.object({ address: Address }).meta({ id: 'DemoTokenRequest' })
