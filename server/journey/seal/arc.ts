import type { HeaderField } from '../../mime/entity.ts'
import { parsedFields } from './parsed-fields.ts'
import { fieldsToSign, SIGNED_FIELDS } from './signed-fields.ts'
import type { SigningKey } from './signing-key.ts'

const ARC_FIELDS = ['ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results']
/** Of the chain: three for each of 50 sets. */
const CHAIN_MAX = 150
const SEALED_FIELDS = ['DKIM-Signature', ...SIGNED_FIELDS]

/** What becomes of the chain with one more mail. */
export interface Sealed {
  /** ARC-Seal, ARC-Message-Signature and ARC-Authentication-Results, to be put in front; none where `why` says so. */
  readonly fields: readonly HeaderField[]
  readonly why: string | null
}

/**
 * One more set of the ARC chain (RFC 8617 5.1) over a header as it leaves and the hash of its body. `authResults` is the value
 * of our Authentication-Results, `chain` what our verification of the chain came to. Raises `key-unusable`.
 */
export async function sealHeader(
  header: readonly HeaderField[],
  bodyHash: string,
  { domain, selector, key, algorithm }: SigningKey,
  about: { readonly authResults: string; readonly chain: 'none' | 'pass' | 'fail'; readonly at: number },
): Promise<Sealed> {
  const { createSeal, getARChain } = await import('mailauth/lib/arc/index.js')
  const sets = header.filter(({ name }) => name.startsWith('arc-'))
  if (sets.length > CHAIN_MAX) return { fields: [], why: 'more ARC fields than 50 sets have' }
  const headers = parsedFields(fieldsToSign(header, [...ARC_FIELDS, ...SEALED_FIELDS]))
  // A seal that says `fail` signs its own set alone (RFC 8617 5.1.2).
  const chain = about.chain === 'pass' ? getARChain(headers, { strict: true }) : false
  const made = await createSeal(false, {
    headers,
    ...(chain ? { arc: { chain } } : {}),
    strict: true,
    seal: {
      signingDomain: domain,
      selector,
      privateKey: key,
      algorithm,
      cv: about.chain,
      authResults: about.authResults,
      bodyHash,
      headerList: SEALED_FIELDS,
      signTime: new Date(about.at),
    },
  } as Parameters<typeof createSeal>[1])
  if (made.headers.length > 0)
    return { fields: made.headers.map((line) => ({ name: nameOf(line), raw: Buffer.from(line) })), why: null }
  return { fields: [], why: made.errors[0]?.err.message ?? 'no seal' }
}

const nameOf = (line: string): string => line.slice(0, line.indexOf(':')).toLowerCase()
