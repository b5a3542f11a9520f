import { z } from 'zod'
import { DAMAGES, LAYER_KINDS, VERDICT_STATES } from '../domain/index.ts'

/** What a client read of a delivered mail: the value of X-Secflow-Verdict, the address in From, the Message-ID. */
export const VerdictQuestion = z
  .object({
    verdict: z.string().min(1).max(8192).meta({ description: 'Value of X-Secflow-Verdict; white space is ignored.' }),
    from: z.string().min(1).max(1000).meta({ description: 'Address in From, as the client shows it.' }),
    messageId: z
      .string()
      .max(1000)
      .optional()
      .meta({ description: 'Message-ID with or without brackets; leave it out where the client cannot read it.' }),
  })
  .meta({ id: 'VerdictQuestion' })
export type VerdictQuestion = z.infer<typeof VerdictQuestion>

/** What the gateway found when it opened the mail, for a badge. */
export const VerdictAnswer = z
  .object({
    state: z.enum([...VERDICT_STATES, 'internal', 'unverified']).meta({
      description:
        '`good`: signed by the sender and unchanged. `unsigned`: decrypted, nobody signed. `internal`: mail of our own. `unverified`: the verdict is not by this gateway, or about another mail; show nothing.',
    }),
    refused: z
      .enum(['malformed', 'signature', 'from', 'message-id'])
      .optional()
      .meta({ description: 'Of `unverified`: why.' }),
    text: z.string().meta({ description: 'One or two sentences, by Accept-Language.' }),
    signer: z
      .object({ address: z.string().nullable(), name: z.string().nullable(), issuer: z.string().nullable() })
      .nullable()
      .meta({ description: 'Of a good signature; null for everything else.' }),
    damage: z.enum(DAMAGES).nullable(),
    layers: z
      .array(
        z.object({
          kind: z.enum(LAYER_KINDS),
          state: z.string(),
          key: z.string().nullable().meta({ description: 'Fingerprint of the key that signed.' }),
          text: z.string(),
        }),
      )
      .meta({ description: 'From the outside in.' }),
    classification: z.string().nullable().meta({ description: 'Label id that an answer keeps.' }),
    time: z.iso.datetime().nullable().meta({ description: 'When the gateway found it.' }),
  })
  .meta({ id: 'VerdictAnswer' })
export type VerdictAnswer = z.infer<typeof VerdictAnswer>
