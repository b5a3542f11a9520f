/** What stands in attachments reaches the rules: the words of files as people send them, through the whole gateway. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PDFDocument, StandardFonts } from 'pdf-lib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { mixedMail, zipOf } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'
const IBAN = 'DE89 3704 0044 0532 0130 00'

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-dlp-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  const hold = (id: string, when: string) =>
    `{id: ${id}, onUnknown: skip, when: ${when}, then: [{hold: {text: ${id}, approvers: [security@demo.example]}}]}`
  tenant = await ownTenant({
    outside: sink.url,
    rules: [
      ruleSet(
        `  lists: {diagnoses: {type: string, values: [Diabetes, Asthma]}}\n${rules(
          hold('accounts', '{dlp.iban: {count: {gte: 1}}}'),
          hold('diagnoses', '{dlp.text: {words: {list: diagnoses, min: 2}}}'),
        )}`,
      ).text,
    ],
  })
  gateway = await startGateway({ folder: tenant.folder, relayPort: sink.smtpPort, settings: tenant.settings() })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function sent(name: string, data: Buffer, text = 'see the file') {
  const mail = mixedMail({
    from: AUTHOR,
    to: COLLEAGUE,
    text,
    files: [{ name, data, mediaType: 'application/octet-stream' }],
  })
  const { id } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [COLLEAGUE],
    mail,
    password: gateway.password(AUTHOR),
  })
  return (await gateway.settled(id))[0]
}

async function pdf(text: string): Promise<Buffer> {
  const document = await PDFDocument.create()
  const font = await document.embedFont(StandardFonts.Helvetica)
  document.addPage().drawText(text, { x: 50, y: 700, size: 12, font })
  return Buffer.from(await document.save())
}
const docx = (text: string) =>
  zipOf([
    { name: '[Content_Types].xml' },
    { name: 'word/document.xml', data: Buffer.from(`<w:p><w:t>${text}</w:t></w:p>`) },
  ])

describe('words of attachments', () => {
  it.each([
    ['list.csv', () => Buffer.from(`Name;Konto\r\nMeier;${IBAN}\r\n`)],
    ['letter.docx', () => docx(IBAN)],
    ['letter.pdf', () => pdf(`Konto ${IBAN}`)],
  ])('an account in %s holds the mail', async (name, make) => {
    expect(await sent(name, await make())).toMatchObject({ state: 'held', detail: 'accounts' })
  })
  it('the same files with a wrong digit go on', async () => {
    const wrong = IBAN.replace('DE89', 'DE88')
    for (const [name, data] of [
      ['list.csv', Buffer.from(wrong)],
      ['letter.docx', docx(wrong)],
      ['letter.pdf', await pdf(wrong)],
    ] as const)
      expect((await sent(name, data))?.state, name).toBe('delivered')
  })
  it('words of body and file count together', async () => {
    expect(await sent('a.docx', docx('Asthma'), 'Diabetes')).toMatchObject({ state: 'held', detail: 'diagnoses' })
    expect((await sent('a.docx', docx('Asthma'), 'Asthma'))?.state).toBe('delivered')
  })
})
