/** Longest trailer dictionary that is looked at, and how far from the end the last `startxref` may be (ISO 32000-2 7.5.5). */
const TRAILER_MAX = 16_384
const TAIL = 2048

/** Whether a PDF needs a password or a key: its newest trailer, or cross-reference stream, names an encryption dictionary. */
export function isEncryptedPdf(pdf: Buffer): boolean {
  if (!pdf.subarray(0, 1024).includes('%PDF-')) return false
  const tail = pdf.subarray(-TAIL).toString('latin1')
  const at = [...tail.matchAll(/startxref\s+(\d{1,12})\s/g)].at(-1)?.[1]
  if (at === undefined) return false
  const table = pdf.subarray(Number(at))
  if (/^\s*\d+\s+\d+\s+obj\b/.test(text(table, 0, 64))) {
    const end = table.indexOf('stream')
    return end > 0 && names(text(table, 0, Math.min(end, TRAILER_MAX)))
  }
  if (!/^\s*xref\b/.test(text(table, 0, 64))) return false
  const trailer = table.indexOf('trailer')
  return trailer > 0 && names(text(table, trailer, trailer + TRAILER_MAX))
}

const text = (bytes: Buffer, from: number, to: number) => bytes.subarray(from, to).toString('latin1')
/** A reference or, rarely, the dictionary itself. */
const names = (dictionary: string) => /\/Encrypt\s*(?:\d+\s+\d+\s+R|<<)/.test(dictionary)
