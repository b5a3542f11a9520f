import { z } from 'zod'
import { lookupAddress } from '../words/address.ts'
import { Address } from './address.ts'
import { Phone, Protection } from './evaluate.ts'

const Addresses = z.array(Address).max(1000)

/** The mail as JSON; whatever is large goes as `message/rfc822`, which is streamed. */
export const Composition = z
  .object({
    from: Address,
    to: Addresses.default([]),
    cc: Addresses.default([]),
    bcc: Addresses.default([]),
    subject: z.string().max(10_000).default(''),
    text: z.string().default(''),
    html: z.string().optional(),
    attachments: z
      .array(
        z.object({
          name: z.string().max(1000),
          mediaType: z
            .string()
            .max(255)
            .regex(/^[\w.+-]+\/[\w.+-]+$/)
            .default('application/octet-stream'),
          contentBase64: z.base64(),
        }),
      )
      .max(1000)
      .default([]),
    classification: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
      .optional(),
    protection: z.array(Protection).max(20).default([]),
    reason: z.string().max(1000).optional(),
    phones: z
      .array(z.object({ address: Address, phone: Phone }))
      .max(1000)
      .default([])
      .meta({
        description:
          'For the password or the second factor of single recipients of this mail; who needs none gets none.',
      }),
  })
  .refine((mail) => mail.to.length + mail.cc.length + mail.bcc.length > 0, { error: 'no recipient', path: ['to'] })
  // A slip in an address would leave its recipient without the password.
  .superRefine(({ to, cc, bcc, phones }, { addIssue }) => {
    const recipients = new Set([...to, ...cc, ...bcc].map(lookupAddress))
    for (const [at, { address }] of phones.entries())
      if (!recipients.has(lookupAddress(address)))
        addIssue({ code: 'custom', message: 'not a recipient of this mail', path: ['phones', at, 'address'] })
  })
  .meta({ id: 'Composition' })
export type Composition = z.infer<typeof Composition>

export const Accepted = z
  .object({
    id: z.string().meta({ description: 'Message id (UUIDv7).' }),
    size: z.int().meta({ description: 'Bytes stored.' }),
    status: z.literal('accepted').meta({ description: 'Durably stored; evaluation follows.' }),
    location: z.string(),
  })
  .meta({ id: 'Accepted' })

const Receipt = z
  .object({
    method: z.string(),
    layers: z.array(z.string()),
    links: z.array(
      z.object({
        name: z.string(),
        size: z.int(),
        sha256: z.string(),
        access: z.string(),
        expiresAt: z.iso.datetime(),
      }),
    ),
    rules: z.array(z.string()),
  })
  .meta({ id: 'Receipt' })

export const MessageStatus = z
  .object({
    id: z.string(),
    state: z.enum(['accepted', 'planned', 'done']).meta({
      description: 'Stored; decided; or nothing is left to do and the content is erased (within a minute of the last).',
    }),
    from: z.string(),
    subject: z.string(),
    size: z.int(),
    acceptedAt: z.iso.datetime(),
    decisionId: z.string().nullable(),
    revision: z.string().nullable(),
    recipients: z.array(
      z.object({
        address: z.string(),
        state: z.enum([
          'pending',
          'deferred',
          'held',
          'quarantined',
          'delivered',
          'filed',
          'rejected',
          'failed',
          'dropped',
        ]),
        detail: z.string(),
        updatedAt: z.iso.datetime(),
        receipt: Receipt.nullable(),
      }),
    ),
  })
  .meta({ id: 'MessageStatus' })
export type MessageStatus = z.infer<typeof MessageStatus>

export const MessagePage = z
  .object({
    messages: z.array(MessageStatus),
    next: z.string().nullable().meta({ description: '`cursor` of the next page; null on the last.' }),
  })
  .meta({ id: 'MessagePage' })
export type MessagePage = z.infer<typeof MessagePage>

export const Recalled = z
  .object({
    id: z.string(),
    revoked: z.int().meta({ description: 'Links and portal messages that no longer open.' }),
  })
  .meta({ id: 'Recalled' })
