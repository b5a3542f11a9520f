// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${file:...} is our own syntax for references
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { domain } from './values.ts'

const FORM = {
  domain: domain().describe('Domain that the signature speaks for: that in From, or one above it.'),
  selector: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/, 'not a selector')
    .describe('The public key stands at `<selector>._domainkey.<domain>`.'),
  key: z.string().describe('Private key, PEM: `${file:secrets/dkim-2026.pem}`. RSA (2048 bits or more) or Ed25519.'),
  algorithm: z
    .enum(['rsa-sha256', 'ed25519-sha256'])
    .optional()
    .describe('That of the key when left out; another is an error.'),
}
const when = (what: string) =>
  z.enum(['always', 'changed']).default('changed').describe(`\`always\`, or \`changed\`: only ${what}`)

type Written = { readonly key: string; readonly algorithm?: 'rsa-sha256' | 'ed25519-sha256' | undefined }

/** The key as it is used, or what is wrong with it. */
function checked<T extends Written>(written: T, context: z.RefinementCtx) {
  const key = read(written.key)
  const algorithm = key?.asymmetricKeyType === 'ed25519' ? 'ed25519-sha256' : 'rsa-sha256'
  const wrong = !key
    ? 'not a private key in PEM: write ${file:...}'
    : key.asymmetricKeyType !== 'ed25519' && key.asymmetricKeyType !== 'rsa'
      ? 'neither an RSA nor an Ed25519 key'
      : (key.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048
        ? 'an RSA key of less than 2048 bits'
        : written.algorithm !== undefined && written.algorithm !== algorithm
          ? `the key is for ${algorithm}`
          : null
  if (wrong === null) return { ...written, algorithm } as const
  context.addIssue({ code: 'custom', path: ['key'], message: wrong })
  return z.NEVER
}

function read(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem)
  } catch {
    return null
  }
}

export const dkimSchema = z
  .array(
    z
      .strictObject({
        ...FORM,
        headers: z
          .array(z.string().regex(/^[A-Za-z0-9-]+$/, 'not the name of a header field'))
          .refine((names) => names.some((name) => name.toLowerCase() === 'from'), 'From must be signed (RFC 6376 5.4)')
          .optional()
          .describe('Fields that are signed, From among them; the usual ones when left out.'),
      })
      .transform(checked),
  )
  .default([])
  .describe('DKIM keys: the mail of each domain is signed by all keys of it ([dkim.md](dkim.md)).')

export const dkimWhen = when('what came without a signature, or whose signatures we broke.').default('always')

export const arcSchema = z
  .strictObject({ ...FORM, when: when('what we change.') })
  .transform(checked)
  .optional()
  .describe("Seals strangers' mail for the server behind us (ARC, RFC 8617).")
