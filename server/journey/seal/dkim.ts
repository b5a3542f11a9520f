import { Fault } from '../../../shared/fault/index.ts'
import { domainOf } from '../../../shared/words/address.ts'
import { parseAddresses } from '../../mime/address-list.ts'
import type { HeaderField } from '../../mime/entity.ts'
import { fieldsOf, fieldValue } from '../../mime/header.ts'
import { parsedFields } from './parsed-fields.ts'
import { fieldsToSign, SIGNED_FIELDS } from './signed-fields.ts'
import type { DkimKey } from './signing-key.ts'

/**
 * The keys that may speak for the author of a mail: those of the domain in From, else of the nearest domain above it, so that
 * the signature counts for DMARC with relaxed alignment. Several of one domain all sign. None for a stranger's domain. Pure.
 */
export function keysFor<K extends Pick<DkimKey, 'domain'>>(keys: readonly K[], header: readonly HeaderField[]): K[] {
  const from = fieldsOf(header, 'from')
  const [author] = from.length === 1 ? parseAddresses(fieldValue(from[0]!)) : []
  const domain = author ? domainOf(author.address) : ''
  if (domain === '') return []
  const above = keys.filter((key) => domain === key.domain || domain.endsWith(`.${key.domain}`))
  const nearest = Math.max(...above.map((key) => key.domain.length))
  return above.filter((key) => key.domain.length === nearest)
}

/**
 * DKIM-Signature fields (RFC 6376, RFC 8463) over a header and the hash of its body in relaxed form, one for each key, to be
 * put in front. Raises `key-unusable` when a key does not sign: nothing leaves unsigned without a word.
 */
export async function signHeader(
  header: readonly HeaderField[],
  bodyHash: string,
  keys: readonly DkimKey[],
  at: number,
): Promise<HeaderField[]> {
  const { DkimSigner } = await import('mailauth/lib/dkim/dkim-signer.js')
  const signer = new DkimSigner({
    headers: parsedFields(
      fieldsToSign(
        header,
        keys.flatMap(({ headers }) => headers ?? SIGNED_FIELDS),
      ),
    ),
    bodyHash,
    canonicalization: 'relaxed/relaxed',
    signTime: new Date(at),
    strict: true,
    signatureData: keys.map(({ domain, selector, key, algorithm, headers }) => ({
      signingDomain: domain,
      selector,
      privateKey: key,
      algorithm,
      headerList: [...(headers ?? SIGNED_FIELDS)],
    })),
  })
  await signer.finalize()
  const [failed] = signer.errors
  if (failed || signer.signatureHeaders.length !== keys.length)
    throw new Fault('key-unusable', `DKIM: ${failed?.err.message ?? 'no signature'}`)
  return signer.signatureHeaders.map((raw) => ({ name: 'dkim-signature', raw: Buffer.from(raw) }))
}

/** Tag `h=` of a signature: names of the fields it covers, lower case. */
function signedNames(signature: HeaderField): string[] {
  const [, names = ''] = /(?:^|;)\s*h\s*=([^;]*)/.exec(fieldValue(signature)) ?? []
  return names.split(':').map((name) => name.trim().toLowerCase())
}

/**
 * Whether what signatures vouched for when the mail came is no more: the body differs, or a field that one of them covers. A
 * mail that came without any has nobody who vouches for it, and counts as changed too. Pure.
 */
export function breaksSignatures(
  before: readonly HeaderField[],
  after: readonly HeaderField[],
  bodyKept: boolean,
): boolean {
  const signatures = [...fieldsOf(before, 'dkim-signature'), ...fieldsOf(before, 'arc-message-signature')]
  if (!bodyKept || signatures.length === 0) return true
  const covered = new Set(signatures.flatMap(signedNames))
  const text = (header: readonly HeaderField[]) =>
    header.filter(({ name }) => covered.has(name)).map(({ name, raw }) => `${name}\n${raw.toString('latin1')}`)
  // Fields may have been parted and joined again in between: only the order within one name counts (RFC 6376 5.4.2).
  return JSON.stringify(text(before).sort(byName)) !== JSON.stringify(text(after).sort(byName))
}

const byName = (a: string, b: string): number => {
  const [x, y] = [a.slice(0, a.indexOf('\n')), b.slice(0, b.indexOf('\n'))]
  return x < y ? -1 : x > y ? 1 : 0
}
