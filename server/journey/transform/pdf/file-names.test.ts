import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { containerNames } from './file-names.ts'

describe('names in the container', () => {
  it('keeps what is harmless, in any script', () => {
    const names = ['Übersicht 2026.pdf', '見積書.xlsx', 'عرض.docx']
    expect(containerNames(names)).toEqual(names)
  })

  it('numbers repetitions, without regard to case', () => {
    expect(containerNames(['a.pdf', 'A.PDF', 'a.pdf', 'a (2).pdf'])).toEqual([
      'a.pdf',
      'A (2).PDF',
      'a (3).pdf',
      'a (2) (2).pdf',
    ])
  })

  it('takes paths, controls and turned text out', () => {
    expect(containerNames(['../../etc/passwd', 'invoice\u202efdp.exe', '', '..', 'a\nb'])).toEqual([
      '.._.._etc_passwd',
      'invoice_fdp.exe',
      'file',
      'file (2)',
      'a_b',
    ])
  })

  it('shortens the stem and keeps the extension', () => {
    const [name] = containerNames([`${'ü'.repeat(300)}.docx`])
    expect(name!.endsWith('ü.docx')).toBe(true)
    expect(Buffer.byteLength(name!)).toBeLessThanOrEqual(240)
  })

  it('is always unique and never a path', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 20 }), (names) => {
        const made = containerNames(names)
        expect(new Set(made.map((n) => n.toLowerCase())).size).toBe(names.length)
        for (const name of made) expect(name).toMatch(/^[^/\\\0]{1,255}$/u)
      }),
    )
  })
})
