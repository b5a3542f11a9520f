import { type MimeIndex, partsOf } from '../../../mime/part.ts'
import type { OpenedLayer } from './result.ts'

/**
 * Whether what came out may have been put together around a stranger's ciphertext (EFAIL): it was encrypted without integrity,
 * and no signature inside of that was found to fit. Whose signature that is does not count here: nobody can sign what he cannot
 * read. One that could not be checked, or whose digest can be forged, is none.
 */
export function isMalleable(layers: readonly OpenedLayer[]): boolean {
  return layers.some(({ state }, at) => state === 'no-integrity' && !layers.slice(at + 1).some(fits))
}

const FITS: ReadonlySet<OpenedLayer['state']> = new Set(['good', 'from-differs', 'expired', 'unusable'])

/** Of S/MIME an unknown signer's signature was checked with the certificate that came along; of OpenPGP there was no key. */
function fits({ kind, state, signer }: OpenedLayer): boolean {
  return FITS.has(state) || (kind === 'smime-signed' && state === 'unknown-signer' && signer !== null)
}

/**
 * Whether a mail reader may load something from elsewhere as soon as it shows the content: HTML and its relatives, messages inside, and
 * whatever two readers could take for different things.
 */
export function loadsFromElsewhere({ root, defects }: MimeIndex): boolean {
  return defects.length > 0 || [...partsOf(root)].some(({ type }) => type !== 'text/plain' && ACTIVE.test(type))
}

const ACTIVE = /^(?:text|message)\/|html|xml|svg/
