import type { MimeIndex } from '../../../mime/part.ts'
import { containerOf, forwardedSeal, sealedPart } from './container.ts'
import { pgpFiles } from './encrypted-file.ts'

const MARK = '-----BEGIN PGP '

/**
 * Whether there is anything to open: answered from what the parser has found already, so that mail without protection costs no
 * second look. `text` is the body as rules read it, where it could be read.
 */
export function needsOpening({ root }: MimeIndex, text: string | undefined): boolean {
  if (containerOf(root) !== null || sealedPart(root) !== null || forwardedSeal(root)) return true
  return text?.includes(MARK) === true || pgpFiles(root).length > 0
}
