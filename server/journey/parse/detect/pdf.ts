import type { Detect } from './content-type.ts'

/** PDF (ISO 32000-2 7.5.2; readers accept the header within the first 1024 bytes). `/Encrypt` stands in the trailer in clear. */
export const detectPdf: Detect = (content) =>
  content.head.subarray(0, 1024).includes('%PDF-') ? { type: 'pdf', encrypted: content.seen.has('/Encrypt') } : null
