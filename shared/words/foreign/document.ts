/** The mapping as a file: YAML of kind ForeignIntent. */
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { ForeignProduct } from './mapping.ts'

const meaning = {
  protection: z.string().max(200).optional(),
  classification: z.string().max(63).optional(),
  unsafe: z.literal(true).optional(),
  instead: z.string().max(200).optional(),
}
const product = z.strictObject({
  product: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  title: z.string().max(200).default(''),
  headers: z
    .array(
      z.strictObject({
        header: z
          .string()
          .regex(/^[!-9;-~]{1,100}$/)
          .transform((name) => name.toLowerCase()),
        values: z.array(z.string().transform((value) => value.toLowerCase())).optional(),
        read: z.enum(['msip', 'marking', 'period', 'text']).optional(),
        with: z.string().optional(),
        ...meaning,
      }),
    )
    .max(200)
    .default([]),
  tags: z
    .array(
      z.strictObject({
        tag: z.string().min(1).max(100),
        place: z.enum(['anywhere', 'start', 'end', 'start-or-end']).default('anywhere'),
        caseSensitive: z.boolean().default(false),
        ...meaning,
      }),
    )
    .max(200)
    .default([]),
  flags: z
    .array(z.strictObject({ flag: z.string().min(1).max(100), ...meaning }))
    .max(200)
    .default([]),
  recipients: z
    .array(
      z.strictObject({
        recipient: z
          .string()
          .max(100)
          .regex(
            /^(?:[A-Za-z0-9!#$%&'*+/=?^_`|~.-]+\{address\}|\{address\}(?:\.[A-Za-z0-9-]+)+)$/,
            'expected {address} with what stands before it (prefix_{address}) or a domain after it ({address}.s)',
          ),
        caseSensitive: z.boolean().default(false),
        protection: meaning.protection,
        unsafe: meaning.unsafe,
        instead: meaning.instead,
      }),
    )
    .max(200)
    .default([]),
})

const document = z.strictObject({
  apiVersion: z.literal('secflow/v1'),
  kind: z.literal('ForeignIntent'),
  spec: z.strictObject({ products: z.array(product).max(100) }),
})

/** Products of a mapping file. Throws an Error that names every wrong place. */
export function parseForeignMapping(text: string): readonly ForeignProduct[] {
  const read = document.safeParse(parse(text, { maxAliasCount: 0 }))
  if (!read.success) throw new Error(z.prettifyError(read.error))
  return read.data.spec.products as readonly ForeignProduct[]
}

/** The file for these products, to start one's own from. */
export function writeForeignMapping(products: readonly ForeignProduct[]): string {
  return stringify(
    { apiVersion: 'secflow/v1', kind: 'ForeignIntent', spec: { products } },
    { lineWidth: 120, aliasDuplicateObjects: false },
  )
}
