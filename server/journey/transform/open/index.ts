/** Inbound mail: decrypt, verify, say what was found. */
export type { OpenKeys, OpenOptions } from './keys.ts'
export { openMail } from './open-mail.ts'
export type {
  LayerKind,
  LayerState,
  OpenedLayer,
  OpenedMail,
  OpenedSigner,
  Verdict,
  VerdictState,
  Words,
} from './result.ts'
