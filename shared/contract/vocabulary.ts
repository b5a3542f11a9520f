import { z } from 'zod'

export const Language = z.enum(['de', 'en'])
export type Language = z.infer<typeof Language>

/** Labels and protections this sender may choose, in the caller's language. */
export const Vocabulary = z
  .object({
    language: Language,
    labels: z
      .array(
        z.object({
          id: z.string().meta({ description: 'What X-Secflow-Classification carries.' }),
          name: z.string(),
          description: z.string(),
          rank: z.int().meta({ description: 'Higher is more confidential.' }),
          color: z.string().optional(),
        }),
      )
      .meta({ description: 'From the least to the most confidential.' }),
    defaultLabel: z.string().nullable(),
    protections: z.array(
      z.object({
        token: z.string().meta({ description: 'Token of X-Secflow-Protection.' }),
        name: z.string(),
        description: z.string(),
        parameters: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'Vocabulary' })
export type Vocabulary = z.infer<typeof Vocabulary>
