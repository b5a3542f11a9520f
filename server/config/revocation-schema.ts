import { z } from 'zod'

/** Revocation lists of authorities (RFC 5280 section 5). */
export const revocationSchema = z
  .strictObject({
    fetch: z
      .boolean()
      .default(false)
      .describe(
        'Ask the distribution points that stored certificates name, between mails; the authority then sees that somebody here knows one of its certificates.',
      ),
    hosts: z
      .array(
        z.string().regex(/^[a-z0-9.-]+(:\d{1,5})?$/, 'not a host such as crl.corp.example or crl.corp.example:8080'),
      )
      .default([])
      .describe('Hosts of distribution points that may be asked although they are not of the public Internet.'),
    required: z
      .boolean()
      .default(false)
      .describe(
        'A certificate of which no list in time speaks is not trusted, neither for signatures nor for encryption.',
      ),
  })
  .prefault({})
  .describe('Revocation lists of authorities ([revocation.md](revocation.md)).')
