import { z } from 'zod'
import { PolicyFinding } from './policies.ts'

/** RFC 9457 problem details as every route answers them, with a stable `type`. */
export const Problem = z
  .object({
    type: z.string().meta({ description: 'URN that names the fault: urn:secflow:fault:<code>.' }),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    instance: z.string().optional().meta({ description: 'Request id, as in the log.' }),
    errors: z
      .array(z.object({ pointer: z.string().meta({ description: 'RFC 6901 pointer.' }), detail: z.string() }))
      .optional(),
    diagnostics: z
      .array(PolicyFinding)
      .optional()
      .meta({ description: 'A policy that was refused: what is wrong, and where.' }),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>
