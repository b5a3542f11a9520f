/** What stands in attachments reaches the rules: the words of files as people send them, through the whole gateway. */
import { PDFDocument, StandardFonts } from 'pdf-lib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mixedMail, zipOf } from '../support/mails.ts'
import { type OwnHouse, openOwnHouse } from '../support/own-house.ts'
import { ruleSet, rules } from '../support/policy.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'
const IBAN = 'DE89 3704 0044 0532 0130 00'

let house: OwnHouse

beforeAll(async () => {
  const hold = (id: string, when: string) =>
    `{id: ${id}, onUnknown: skip, when: ${when}, then: [{hold: {text: ${id}, approvers: [security@demo.example]}}]}`
  house = await openOwnHouse({
    rules: [
      ruleSet(
        `  lists: {diagnoses: {type: string, values: [Diabetes, Asthma]}}\n${rules(
          hold('accounts', '{dlp.iban: {count: {gte: 1}}}'),
          hold('diagnoses', '{dlp.text: {words: {list: diagnoses, min: 2}}}'),
        )}`,
      ).text,
    ],
  })
})

afterAll(() => house?.[Symbol.asyncDispose]())

async function sent(name: string, data: Buffer, text = 'see the file') {
  const mail = mixedMail({
    from: AUTHOR,
    to: COLLEAGUE,
    text,
    files: [{ name, data, mediaType: 'application/octet-stream' }],
  })
  return house.send(AUTHOR, COLLEAGUE, mail)
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
