/** The written part of the demo: an incident report and an offer with two contracts, as PDF files. */
import { PDFDocument, StandardFonts } from 'pdf-lib'

async function letter(title: string, lines: readonly string[]): Promise<Buffer> {
  const document = await PDFDocument.create()
  document.setTitle(title)
  const font = await document.embedFont(StandardFonts.Helvetica)
  const bold = await document.embedFont(StandardFonts.HelveticaBold)
  const page = document.addPage([595, 842])
  page.drawText(title, { x: 60, y: 760, size: 18, font: bold })
  lines.forEach((line, at) => {
    page.drawText(line, { x: 60, y: 720 - at * 18, size: 11, font })
  })
  return Buffer.from(await document.save())
}

export const incidentReport = (): Promise<Buffer> =>
  letter('Security incident report 2026-017', [
    'Reported under NIS2, Article 23 (early warning).',
    'At 03:14 UTC the remote access of substation Nord was used from an unknown address.',
    'The session was ended at 03:21 UTC; no switching operation took place.',
    'Affected: 1 engineering workstation. Supply was not interrupted.',
  ])

export const offer = (): Promise<Buffer> =>
  letter('Angebot 2026-4711', [
    'Photovoltaikanlage 9,8 kWp mit Speicher 10 kWh',
    'Gesamtpreis: 21.480,00 EUR inkl. USt.',
    'Gültig bis 31.12.2026',
  ])

export const contract = (name: string): Promise<Buffer> =>
  letter(name, ['zwischen der Demo GmbH und dem Kunden', '§ 1 Gegenstand', '§ 2 Leistungen', '§ 3 Vergütung'])
