import { z } from 'zod'
import { Address } from './address.ts'

/** E.164, from seven digits on. */
export const Phone = z.string().regex(/^\+[1-9]\d{6,14}$/)

/** What the sender asks for beyond the policy (CONTRACT, X-Secflow-Protection), with parameters as fields. */
export const Protection = z
  .object({
    token: z.enum(['sign', 'encrypt', 'smime', 'pgp', 'pdf', 'portal', 'filelink', 'plain', 'receipt', 'none']),
    sms: Phone.optional().meta({
      description:
        'pdf: phone number for the password of every recipient, E.164; the number of a single recipient comes first.',
    }),
    expires: z.int().positive().optional().meta({ description: 'filelink: seconds.' }),
    secondFactor: z.boolean().optional(),
    reason: z.string().max(1000).optional().meta({ description: 'plain: why less protection is wanted.' }),
  })
  .meta({ id: 'Protection' })

/** A recipient alone stands in To; the form with a field says Cc or Bcc. The stamp binds the visible ones. */
export const DraftRecipient = z
  .union([
    Address,
    z.object({
      address: Address,
      field: z.enum(['to', 'cc', 'bcc']),
      phone: Phone.optional().meta({
        description:
          'For the password or the second factor of this recipient, E.164: what `missing` names `phone`. Who needs none gets none.',
      }),
    }),
  ])
  .meta({ id: 'DraftRecipient' })

export const Draft = z
  .object({
    sender: Address,
    recipients: z.array(DraftRecipient).min(1).max(1000),
    subject: z.string().max(10_000).default(''),
    attachments: z
      .array(
        z.object({
          name: z.string().max(1000),
          size: z.int().nonnegative(),
          type: z.string().max(255).optional().meta({ description: 'Media type.' }),
        }),
      )
      .max(1000)
      .default([]),
    classification: z.string().max(63).nullable().default(null),
    protection: z.array(Protection).max(20).default([]),
    reason: z.string().max(1000).optional(),
    inReplyTo: z.array(z.string().min(1).max(1000)).max(20).optional().meta({
      description:
        'Message-IDs of what the mail answers: it is at least as confidential as those the caller took part in.',
    }),
  })
  .meta({ id: 'Draft' })
export type Draft = z.infer<typeof Draft>

const Reason = z.object({ rule: z.string(), layer: z.string(), text: z.string() }).meta({ id: 'Reason' })

export const RecipientVerdict = z
  .object({
    address: z.string(),
    outcome: z.enum(['deliver', 'hold', 'quarantine', 'reject', 'defer']),
    text: z.string().optional().meta({ description: "Hold and reject: the policy's own words." }),
    steps: z.array(z.looseObject({ do: z.string() })),
    method: z.enum(['smime', 'pgp', 'pdf', 'portal', 'tls']).nullable(),
    reasons: z.array(Reason),
    missing: z.array(z.object({ field: z.string(), text: z.string() })).meta({
      description: '`phone`: a number for this recipient, given with him, would make a better way possible.',
    }),
  })
  .meta({ id: 'RecipientVerdict' })

export const Verdict = z
  .object({
    decisionId: z.string(),
    revision: z.string().meta({ description: 'Policy revision that decided.' }),
    classification: z.string().optional().meta({
      description: 'Class in force: the chosen one or the default, or that of an answered mail where it is higher.',
    }),
    stamp: z.string().meta({ description: 'Value for X-Secflow-Stamp.' }),
    protection: z.string().optional().meta({
      description: 'Value for X-Secflow-Protection that the stamp was made for; empty for no wish.',
    }),
    recipients: z.array(RecipientVerdict),
    copies: z
      .array(
        z.object({
          recipients: z.array(z.string()),
          steps: z.array(z.looseObject({ do: z.string() })),
        }),
      )
      .meta({ description: 'One rendition of the mail each: recipients that share every step.' }),
  })
  .meta({ id: 'Verdict' })
export type Verdict = z.infer<typeof Verdict>
