import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { PDFDocument, StandardFonts } from 'pdf-lib'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../../test/support/cpu-time.ts'
import { pdfText } from './pdf-text.ts'

const IBAN = 'DE89 3704 0044 0532 0130 00'
const CAP = 262_144

async function written(lines: readonly string[], useObjectStreams: boolean): Promise<Buffer> {
  const document = await PDFDocument.create()
  const font = await document.embedFont(StandardFonts.Helvetica)
  for (const line of lines) document.addPage().drawText(line, { x: 50, y: 700, size: 12, font })
  return Buffer.from(await document.save({ useObjectStreams }))
}

/** A PDF of one page by hand: what content streams and fonts a test wants. */
function handmade(content: string, font: string, more = ''): Buffer {
  return Buffer.from(
    `%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F1 5 0 R>>>>>> endobj\n` +
      `3 0 obj <</Type/Page/Parent 2 0 R/Contents 4 0 R>> endobj\n4 0 obj <</Length ${content.length}>> stream\n${content}\nendstream endobj\n` +
      `5 0 obj ${font} endobj\n${more}trailer <</Root 1 0 R>>\n`,
    'latin1',
  )
}
const HELVETICA = '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>'

describe('words of a PDF', () => {
  it.each([true, false])('reads what pdf-lib writes (object streams: %s), as poppler does', async (streams) => {
    const lines = [`Konto ${IBAN}`, 'Größe (in m²)']
    const pdf = await written(lines, streams)
    const found = await pdfText(pdf, CAP)
    expect(found).toEqual({ text: lines.join('\n'), cut: false })
    const folder = mkdtempSync(join(tmpdir(), 'secflow-pdf-'))
    try {
      writeFileSync(join(folder, 'a.pdf'), pdf)
      const oracle = execFileSync('pdftotext', ['-layout', join(folder, 'a.pdf'), '-'], { encoding: 'utf8' })
      expect(oracle.replace(/\s+/g, ' ').trim()).toBe(found!.text.replace(/\s+/g, ' '))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
  it('joins pieces, sees gaps, lines and escapes', async () => {
    const content = 'BT /F1 12 Tf [(DE89) -20 (3704) -300 (x)] TJ 0 -14 Td (a\\(b\\)\\344) Tj T* <4142> Tj ET'
    expect(await pdfText(handmade(content, HELVETICA), CAP)).toEqual({ text: 'DE893704 x\na(b)ä\nAB', cut: false })
  })
  it('reads fonts by their ToUnicode map', async () => {
    const cmap =
      '1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0001> <00e4> endbfchar 1 beginbfrange <0010> <0019> <0030> endbfrange'
    const font = '<</Type/Font/Subtype/Type0/Encoding/Identity-H/ToUnicode 6 0 R>>'
    const map = `6 0 obj <</Length ${cmap.length}>> stream\n${cmap}\nendstream endobj\n`
    const found = await pdfText(handmade('BT /F1 9 Tf <000100110012> Tj ET', font, map), CAP)
    expect(found).toEqual({ text: 'ä12', cut: false })
  })
  it('reads forms that a page draws', async () => {
    const form = `6 0 obj <</Type/XObject/Subtype/Form/Resources<</Font<</F1 5 0 R>>>>/Length 24>> stream\nBT /F1 9 Tf (in form) Tj ET\nendstream endobj\n`
    const pdf = handmade('/X1 Do', HELVETICA, form)
    const text = pdf.toString('latin1').replace('/Resources<<', '/Resources<</XObject<</X1 6 0 R>>')
    expect(await pdfText(Buffer.from(text, 'latin1'), CAP)).toEqual({ text: 'in form', cut: false })
  })
  it('says when it could not read something', async () => {
    const noMap = '<</Type/Font/Subtype/Type0/Encoding/Identity-H>>'
    expect(await pdfText(handmade('BT /F1 9 Tf <0001> Tj ET', noMap), CAP)).toEqual({ text: '', cut: true })
    const packed = handmade('x', HELVETICA)
      .toString('latin1')
      .replace('<</Length 1>>', '<</Length 1/Filter/LZWDecode>>')
    expect((await pdfText(Buffer.from(packed, 'latin1'), CAP))?.cut).toBe(true)
    expect((await pdfText(handmade(`BT /F1 9 Tf (${'a'.repeat(500)}) Tj (b) Tj ET`, HELVETICA), 100))?.cut).toBe(true)
    expect(await pdfText(Buffer.from('%PDF-1.7 nothing'), CAP)).toBeUndefined()
  })
  it('survives whatever it is given, in time', async () => {
    const base = await written([IBAN], false)
    await fc.assert(
      fc.asyncProperty(fc.nat(base.length - 1), fc.uint8Array({ maxLength: 20 }), async (at, bytes) => {
        const broken = Buffer.concat([base.subarray(0, at), bytes, base.subarray(at + bytes.length)])
        await expect(pdfText(broken, CAP)).resolves.not.toThrow()
      }),
      { numRuns: 300 },
    )
    const hostile = [
      '1 0 obj ',
      '<<',
      '[',
      '(',
      '/A',
      '1 0 R ',
      'stream\n',
      '1 0 obj <</Type/Page>> ',
      '% ',
      '<</Type/Page/Contents 1 0 R>>1 0 obj ',
    ]
    for (const part of hostile) {
      const start = cpuMs()
      await pdfText(Buffer.from(`%PDF-1.4\n${part.repeat(Math.floor(2_000_000 / part.length))}`), CAP)
      expect(cpuMs() - start, part).toBeLessThan(5_000)
    }
    const inside = ['BI ', '(', '[', '/F1 9 Tf ', '[(a)-200]TJ ', '<41> Tj ', '/X1 Do ']
    for (const part of inside) {
      const start = cpuMs()
      await pdfText(handmade(part.repeat(Math.floor(1_000_000 / part.length)), HELVETICA), CAP)
      expect(cpuMs() - start, part).toBeLessThan(5_000)
    }
  })
})
