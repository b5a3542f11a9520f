import { z } from 'zod'

/** RFC 6749 4.4.2; the client authenticates by HTTP Basic or by `client_id` and `client_secret` in the form. */
export const TokenRequest = z
  .object({
    grant_type: z.string().meta({ description: 'client_credentials' }),
    client_id: z.string().max(320).optional(),
    client_secret: z.string().max(1024).optional(),
    scope: z.string().max(1024).optional().meta({ description: 'Space separated; all granted scopes when absent.' }),
  })
  .meta({ id: 'TokenRequest' })

export const TokenResponse = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().meta({ description: 'Seconds.' }),
    scope: z.string(),
  })
  .meta({ id: 'TokenResponse' })

/** RFC 6749 5.2 wants its own body; `type`, `title` and `status` of RFC 9457 stand beside it. */
export const TokenError = z
  .object({
    error: z.enum([
      'invalid_request',
      'invalid_client',
      'invalid_scope',
      'unsupported_grant_type',
      'temporarily_unavailable',
    ]),
    error_description: z.string(),
    type: z.string(),
    title: z.string(),
    status: z.int(),
  })
  .meta({ id: 'TokenError' })
export type TokenError = z.infer<typeof TokenError>
