import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isEncryptedPdf } from './encrypted-pdf.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'secflow-pdf-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A PDF that qpdf wrote. */
function written(...options: readonly string[]): Buffer {
  const out = join(folder, 'out.pdf')
  execFileSync('qpdf', ['--empty', ...options, out], { stdio: 'pipe' })
  return readFileSync(out)
}
const locked = ['--encrypt', 'password', 'owner', '256', '--']

describe('an encrypted PDF', () => {
  it.each([
    ['with a table of its objects', ['--object-streams=disable']],
    ['with a stream of them', ['--object-streams=generate']],
  ])('is told from an open one: %s', (_, how) => {
    expect(isEncryptedPdf(written(...locked, ...how))).toBe(true)
    expect(isEncryptedPdf(written(...how))).toBe(false)
  })

  it('is not what only speaks of one', () => {
    const open = written('--object-streams=disable')
    writeFileSync(join(folder, 'note.txt'), 'trailer << /Encrypt 9 0 R >>')
    const speaks = written('--add-attachment', join(folder, 'note.txt'), '--', '--stream-data=uncompress')
    expect(speaks.includes('/Encrypt 9 0 R')).toBe(true)
    for (const pdf of [open, speaks, Buffer.concat([Buffer.from('/Encrypt 9 0 R\n'), open.subarray(0, -20)])])
      expect(isEncryptedPdf(pdf)).toBe(false)
    for (const none of ['', '%PDF-1.7', '%PDF-1.7\nstartxref\n99999\n%%EOF', 'startxref 0 trailer /Encrypt 1 0 R'])
      expect(isEncryptedPdf(Buffer.from(none))).toBe(false)
  })
})
