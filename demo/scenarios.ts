/** The mails of the demo: the four scenarios, and one mail that shows each method side by side. */
import { createHash, type Hash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { composeMail, type NewAttachment } from '../server/mime/compose-mail.ts'
import { ctSeries } from './materials/dicom.ts'
import { contract, incidentReport, offer } from './materials/letters.ts'
import { stepFile } from './materials/step.ts'

export interface Scenario {
  readonly id: 'S1' | 'S2' | 'S3' | 'S4' | 'S5'
  readonly title: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html?: string
  readonly fields?: readonly (readonly [string, string])[]
  attachments(): AsyncIterable<NewAttachment> | Iterable<NewAttachment>
}

/** Slices of 525 kB: 240 make the 120 MB of the brief. */
const SLICES = 240
const STEP_BYTES = 35 * 1_048_576

const pdf = (name: string, make: () => Promise<Buffer>): NewAttachment => ({
  name,
  mediaType: 'application/pdf',
  content: (async function* () {
    yield await make()
  })(),
})

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'S1',
    title: 'Radiology: a CT series of 120 MB',
    from: 'dr.roth@demo.example',
    to: ['radiologie@uniklinik.example'],
    subject: 'CT-Serie zur Zweitmeinung',
    text: 'Sehr geehrte Kolleginnen und Kollegen,\n\nanbei die CT-Serie mit der Bitte um eine Zweitmeinung.\n\nMit freundlichen Grüßen\nDr. Rosa Roth',
    *attachments() {
      for (const { name, data } of ctSeries(SLICES))
        yield { name, mediaType: 'application/dicom', content: Readable.from([data]) }
    },
  },
  {
    id: 'S2',
    title: 'Energy operator: an incident report',
    from: 'leitstelle@demo.example',
    to: ['meldestelle@behoerde.example'],
    subject: 'Störungsmeldung Umspannwerk Nord #NIS2',
    text: 'Sehr geehrte Damen und Herren,\n\nanbei die Frühwarnung nach Artikel 23 NIS2.\n\nLeitstelle',
    html: '<p>Sehr geehrte Damen und Herren,</p><p>anbei die <b>Frühwarnung</b> nach Artikel 23 NIS2.</p><table border="1"><tr><th>Zeit (UTC)</th><th>Ereignis</th></tr><tr><td>03:14</td><td>Anmeldung von unbekannter Adresse</td></tr><tr><td>03:21</td><td>Sitzung beendet</td></tr></table><p>Leitstelle</p>',
    fields: [['X-Secflow-Classification', 'internal']],
    attachments: () => [pdf('Störungsmeldung 2026-017.pdf', incidentReport)],
  },
  {
    id: 'S3',
    title: 'Supply chain: a STEP file of 35 MB',
    from: 'e.lang@demo.example',
    to: ['design@supplier.example'],
    subject: 'Turbine blade, revision C',
    text: 'Hello,\n\nplease find the new model attached.\n\nEva Lang',
    *attachments() {
      yield { name: 'blade-rev-c.step', mediaType: 'model/step', content: Readable.from(stepFile(STEP_BYTES)) }
    },
  },
  {
    id: 'S4',
    title: 'B2C: an offer with contracts',
    from: 'v.kern@demo.example',
    to: ['familie.berger@privat.example'],
    subject: 'Ihr Angebot 2026-4711',
    text: 'Liebe Familie Berger,\n\nanbei unser Angebot und die Vertragsunterlagen. Sie können direkt antworten.\n\nViktor Kern',
    html: '<p>Liebe Familie Berger,</p><p>anbei unser <b>Angebot</b> und die Vertragsunterlagen. Sie können direkt antworten.</p><p>Viktor Kern</p>',
    attachments: () => [
      pdf('Angebot 2026-4711.pdf', offer),
      pdf('Kaufvertrag.pdf', () => contract('Kaufvertrag')),
      pdf('Wartungsvertrag.pdf', () => contract('Wartungsvertrag')),
    ],
  },
  {
    id: 'S5',
    title: 'Confidential, to four recipients who can read four different things',
    from: 'leitstelle@demo.example',
    to: ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example', 'nothing@partner.example'],
    subject: 'Minutes of the board meeting',
    text: 'Please find the minutes below. They are confidential.\n\n1. Budget 2027\n2. Substation Nord',
    fields: [['X-Secflow-Classification', 'confidential']],
    attachments: () => [pdf('Minutes.pdf', () => contract('Minutes'))],
  },
]

export interface WrittenMail {
  readonly file: string
  readonly size: number
  /** SHA-256 of each attachment as it went in, by name. */
  readonly hashes: ReadonlyMap<string, string>
}

/** Writes a scenario's mail as a file and remembers what its attachments were. */
export async function writeMail(scenario: Scenario, file: string, now: number): Promise<WrittenMail> {
  const hashes = new Map<string, string>()
  async function* hashed(): AsyncGenerator<NewAttachment> {
    for await (const attachment of scenario.attachments()) {
      const hash = createHash('sha256')
      yield { ...attachment, content: through(attachment.content, hash) }
      hashes.set(attachment.name, hash.digest('hex'))
    }
  }
  const { from, to, subject, text, html, fields } = scenario
  const mail = composeMail({
    from,
    to,
    subject,
    date: now,
    messageId: `${scenario.id.toLowerCase()}.${now}@demo.example`,
    text,
    ...(html === undefined ? {} : { html }),
    ...(fields ? { fields } : {}),
    attachments: hashed(),
  })
  await pipeline(Readable.from(mail), createWriteStream(file))
  return { file, size: (await stat(file)).size, hashes }
}

async function* through(content: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    hash.update(chunk)
    yield chunk
  }
}
