/** Inbound mail: decrypt, verify, say what was found. */
export { openedFacts } from './facts.ts'
export type { OpenKeys, OpenOptions } from './keys.ts'
export { isMalleable, loadsFromElsewhere } from './leak.ts'
export { needsOpening } from './needs-opening.ts'
export { openMail } from './open-mail.ts'
export { openedMessage } from './opened-message.ts'
export type {
  OpenedContent,
  OpenedLayer,
  OpenedMail,
  OpenedSigner,
  Verdict,
  Words,
} from './result.ts'
export { unpackingOf } from './unpacking.ts'
export { KIND_WORDS } from './words.ts'
