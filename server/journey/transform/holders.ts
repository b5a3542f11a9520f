import { Fault } from '../../../shared/fault/index.ts'
import type { MailInHand } from './mail.ts'

/**
 * Files of the mail itself that hold the files with these indices: who takes out a member takes out its archive. Raises
 * `action-impossible` for a file that stands in a text.
 */
export function holdersOf(
  { attachments = [], attachmentParts }: Pick<MailInHand['parsed'], 'attachments' | 'attachmentParts'>,
  indices: readonly number[],
): number[] {
  const holders = indices.map((index) => {
    const at = outermost({ index, within: attachments[index]?.within }, attachments)
    if ((attachmentParts[at] ?? -1) < 0)
      throw new Fault('action-impossible', 'a file in the text is no part of its own')
    return at
  })
  return [...new Set(holders)].sort((a, b) => a - b)
}

/** Index of the file of the mail itself that holds a file, or that it is. */
export function outermost(
  { index, within }: { readonly index: number; readonly within?: number | undefined },
  files: readonly { readonly within?: number }[],
): number {
  let at = index
  for (let holder = within; holder !== undefined; holder = files[holder]?.within) at = holder
  return at
}
