import type { ClientProfile } from './profile.ts'

/** Minor version of Mailbox that brought each member of an item; what is not named came with the first ones. */
const SINCE: Readonly<Record<string, number>> = {
  from: 7,
  internetHeaders: 8,
  getAllInternetHeadersAsync: 8,
  getAttachmentsAsync: 8,
  getAttachmentContentAsync: 8,
  addFileAttachmentFromBase64Async: 8,
  categories: 8,
  getItemIdAsync: 8,
  getInitializationContextAsync: 8,
  getComposeTypeAsync: 10,
  isClientSignatureEnabledAsync: 10,
  disableClientSignatureAsync: 10,
  sessionData: 11,
  delayDeliveryTime: 13,
}

/** Whether this client's item has the member. */
export const hasMember = ({ mailbox, missing }: ClientProfile, name: string): boolean =>
  (SINCE[name] ?? 1) <= mailbox && !missing.includes(name)
