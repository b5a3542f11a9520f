/** Tokens of X-Secflow-Protection in the order in which user interfaces show them. */
export const TOKENS = [
  'encrypt',
  'sign',
  'smime',
  'pgp',
  'pdf',
  'portal',
  'filelink',
  'receipt',
  'plain',
  'none',
] as const
