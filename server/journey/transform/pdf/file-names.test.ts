import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../../test/support/cpu-time.ts'
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

  it('takes its time from nobody: long names and many alike', () => {
    const begun = cpuMs()
    const [long] = containerNames([`${'x'.repeat(100_000)}.pdf`])
    expect(Buffer.byteLength(long!)).toBe(240)
    const alike = containerNames(Array.from({ length: 20_000 }, () => 'a.pdf'))
    expect(alike.at(-1)).toBe('a (20000).pdf')
    expect(cpuMs() - begun).toBeLessThan(3_000)
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
