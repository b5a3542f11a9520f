/** One test for each rule of docs/operate/ambiguities.md, under the rule's name. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ParsedMail, parseMail } from '../../server/journey/parse/parse-mail.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { AttachmentFacts } from '../../shared/domain/index.ts'
import { sampleOf, wireOf } from '../support/corpus/corpus.ts'
import { hostile } from '../support/mails.ts'

const parsed = (name: string) => parseMail(bytesOf(sampleOf(name).bytes))
const defectsOf = async (name: string) => (await parsed(name)).message.defects
const bodyOf = async (name: string) => (await parsed(name)).message.bodyText
const files = async (name: string) => (await parsed(name)).attachments ?? []
const namesOf = async (name: string) => (await files(name)).map((file) => file.name)
const goesBy = ({ name, otherNames = [] }: AttachmentFacts) => [name, ...otherNames]
const doubt = (mail: string, defect: string) => async () => expect(await defectsOf(mail)).toContain(defect)
const content = async (name: string): Promise<ParsedMail['message']['content']> => (await parsed(name)).message.content

const RULES: Readonly<Record<string, () => Promise<unknown>>> = {
  async 'duplicate-singleton'() {
    const { message, attachments } = await parsed('structure/twice-content-type')
    expect(message.defects).toContain('duplicate-content-type')
    // The first says text/plain: no file is seen, and nobody may conclude that there is none.
    expect(attachments).toEqual([])
  },
  async 'duplicate-subject'() {
    const { message } = await parsed('structure/two-subjects')
    expect(message.header.subject).toEqual(['Figures of the quarter', 'Another one'])
    expect(message.defects).toContain('duplicate-subject')
  },
  'content-type-invalid': doubt('structure/content-type-slashes', 'content-type-invalid'),
  'boundary-duplicate': doubt('structure/boundary-duplicate', 'boundary-duplicate'),
  'boundary-encoded': doubt('structure/boundary-continued', 'boundary-encoded'),
  async 'boundary-prefix'() {
    expect(await defectsOf('structure/boundary-prefix')).toContain('boundary-prefix')
    expect(await defectsOf('structure/boundary-prefix-line')).toContain('boundary-prefix')
    expect(await bodyOf('structure/boundary-prefix-line')).toContain('--bx')
  },
  'boundary-reused': doubt('structure/boundary-reused', 'boundary-reused'),
  'boundary-missing': doubt('structure/boundary-missing', 'boundary-missing'),
  async 'boundary-unclosed'() {
    expect(await defectsOf('structure/close-missing')).toContain('boundary-unclosed')
    expect(await namesOf('structure/close-missing')).toEqual(['a.pdf'])
  },
  'boundary-after-close': doubt('structure/after-close', 'boundary-after-close'),
  'header-unterminated': doubt('structure/delimiter-in-header', 'header-unterminated'),
  async 'part-outside'() {
    expect(await bodyOf('structure/preamble-words')).toContain('Words that stand before the first part.')
    expect(await bodyOf('structure/epilogue')).toContain('Words that stand after the last part.')
    expect(await bodyOf('structure/preamble')).not.toContain('multi-part')
    for (const name of ['preamble-like-a-part', 'epilogue-like-a-part', 'epilogue-uuencode'])
      expect(await defectsOf(`structure/${name}`)).toEqual(['part-outside'])
  },
  'multipart-encoded': doubt('structure/multipart-base64', 'multipart-encoded'),
  async 'message-inside'() {
    for (const name of ['forwarded-with-file', 'message-as-file']) {
      const [message, file] = await files(`structure/${name}`)
      expect(message).toMatchObject({ type: 'eml', text: expect.stringContaining('inside') })
      expect(file).toMatchObject({ name: 'secret.exe', type: 'exe', within: 0 })
    }
    expect((await files('structure/digest')).map(({ type, within }) => [type, within])).toEqual([
      ['eml', undefined],
      ['eml', undefined],
      ['pdf', 1],
    ])
  },
  async 'message-encoded'() {
    expect(await defectsOf('structure/message-base64')).toEqual(['message-encoded'])
    expect(await files('structure/message-base64')).toMatchObject([{ type: 'eml' }, { name: 'secret.exe', within: 0 }])
  },
  'message-partial': doubt('structure/partial', 'message-partial'),
  'message-external-body': doubt('structure/external-body', 'message-external-body'),
  async 'too-complex'() {
    for (const mail of [hostile.manyParts(1_000), hostile.deepParts(60)])
      await expect(parseMail(bytesOf(mail))).rejects.toMatchObject({ code: 'mime-too-complex' })
    await expect(parseMail(bytesOf(hostile.hugeHeader(2_000_000)))).rejects.toMatchObject({ code: 'header-too-large' })
  },
  async 'file-names'() {
    const names = async (name: string) => goesBy((await files(`name/${name}`))[0]!)
    expect(await names('both-different')).toEqual(['report.pdf', 'report.exe'])
    expect(await names('extended-other-type')).toEqual(['report.exe', 'report.pdf'])
    expect(await names('twice')).toEqual(['report.pdf', 'report.exe'])
    expect(await names('continued-gap')).toEqual(['first.pdf', 'first.pdf.exe'])
    expect(await names('continued')).toEqual(['a long name that goes on.pdf'])
    expect(await names('encoded-word')).toEqual(['Prüfbericht.pdf'])
    expect((await files('name/twice'))[0]).toMatchObject({ mismatch: true })
  },
  async 'name-characters'() {
    expect(await namesOf('name/bidi')).toEqual(['reportfdp.exe'])
    expect(await namesOf('name/zero-width')).toEqual(['report.exe'])
    expect(await namesOf('name/trailing-dots')).toEqual(['report.exe'])
    expect(await namesOf('name/path')).toEqual(['report.pdf'])
    expect(await namesOf('name/control')).toEqual(['report.pdf'])
  },
  'transfer-encoding-odd': doubt('transfer/with-parameter', 'transfer-encoding-odd'),
  'transfer-encoding-unknown': doubt('transfer/unknown', 'transfer-encoding-unknown'),
  async 'base64-characters'() {
    expect(await defectsOf('transfer/base64-junk')).toEqual(['base64-characters'])
    expect(await bodyOf('transfer/base64-junk')).toContain('The words that count')
    expect(await defectsOf('transfer/base64-spaces')).toEqual([])
    expect(await defectsOf('transfer/base64-no-padding')).toEqual([])
  },
  'base64-after-padding': doubt('transfer/base64-after-padding', 'base64-after-padding'),
  async 'qp-malformed'() {
    expect(await defectsOf('transfer/qp-bad-escape')).toEqual(['qp-malformed'])
    expect(await defectsOf('transfer/qp-soft-break-space')).toEqual(['qp-malformed'])
  },
  async 'charset-unknown'() {
    for (const name of ['charset/unknown', 'charset/utf-7'])
      expect((await parsed(name)).message).toMatchObject({ bodyCut: true, defects: [] })
    expect((await parsed('charset/iso-2022-jp')).message).not.toHaveProperty('bodyCut')
  },
  async 'encoded-file-in-text'() {
    for (const name of ['uuencode', 'yenc'])
      expect(await files(`embedded/${name}`)).toMatchObject([{ name: 'run.exe', type: 'exe' }])
    expect(await namesOf('embedded/two-files')).toEqual(['run.exe', 'walk.exe'])
    expect((await parsed('embedded/uuencode')).attachmentParts).toEqual([-1])
    for (const name of ['uuencode-cut', 'yenc-part', 'uuencode-only-words'])
      expect(await defectsOf(`embedded/${name}`)).toEqual(['encoded-file-in-text'])
  },
  async 'uuencode-transfer'() {
    expect((await files('embedded/uuencode-transfer')).map(goesBy)).toEqual([['real.exe'], ['run.exe', 'real.exe']])
    expect(await defectsOf('embedded/uuencode-transfer')).toEqual(['transfer-encoding-unknown'])
  },
  async tnef() {
    for (const name of ['tnef/attached', 'tnef/unnamed', 'tnef/whole-mail']) {
      const { attachments, message } = await parsed(name)
      expect(attachments?.slice(1).map((file) => [...goesBy(file), file.type])).toEqual([
        ['The report.pdf', 'REPORT~1.PDF', 'pdf'],
        ['run.exe', 'exe'],
      ])
      expect(message.bodyText).toContain('Words in TNEF')
      expect(message.defects).toEqual([])
    }
    expect(await defectsOf('tnef/cut')).toEqual(['tnef-members'])
  },
  async archive() {
    for (const name of ['a.zip', 'nested1-a.zip', 'nested3-a.zip', 'a.tar', 'a.tar.gz', 'a.tgz']) {
      const found = await files(`archive/${name}`)
      expect(found.map((file) => file.name)).toEqual(expect.arrayContaining(['report.pdf', 'run.exe']))
      expect(found.find((file) => file.name === 'run.exe')).toMatchObject({ type: 'exe', within: found.length - 3 })
    }
  },
  async 'archive-unread'() {
    for (const name of ['a.7z', 'a.rar', 'a.iso', 'nested6-a.zip', 'damaged-a.zip', 'damaged-a.gz']) {
      expect(await defectsOf(`archive/${name}`), name).toContain('archive-unread')
      expect(
        (await files(`archive/${name}`)).some((file) => file.opaque),
        name,
      ).toBe(true)
    }
  },
  async 'archive-locked'() {
    expect(await defectsOf('archive/locked-a.zip')).toEqual(['archive-locked'])
    const [archive, member] = await files('archive/locked-a.zip')
    expect(archive).toMatchObject({ encrypted: true, opaque: true })
    expect(member).toMatchObject({ name: 'run.exe', encrypted: true })
  },
  async alternatives() {
    expect(await bodyOf('structure/alternative-differs')).toMatch(/pay 100[\s\S]*pay 9000/)
  },
  async 'html-hidden'() {
    expect(await bodyOf('structure/alternative-hidden-html')).toContain('hidden')
    expect(await bodyOf('structure/html-for-outlook')).toContain('only Outlook shows this')
    expect(await bodyOf('structure/html-for-outlook')).toContain('without scripts')
    expect(await bodyOf('structure/html-for-outlook')).not.toContain('nobody shows this')
  },
  async 'inline-text'() {
    expect(await bodyOf('structure/inline-text-file')).toContain('words in a named part')
    expect(await files('structure/inline-text-file')).toMatchObject([{ name: 'notes.txt' }])
  },
  async sealed() {
    const { attachments, message } = await parsed('sealed/smime-enveloped')
    expect([attachments, message.bodyText, message.content]).toEqual([undefined, undefined, 'smime-encrypted'])
    expect(await content('sealed/pgp-encrypted')).toBe('pgp-encrypted')
    expect(await files('sealed/pgp-file')).toMatchObject([{ type: 'pgp', encrypted: true }])
  },
  async 'signature-of-signed'() {
    expect(await namesOf('sealed/smime-signed-with-file')).toEqual(['a.pdf'])
    expect(await namesOf('sealed/pgp-signed')).toEqual([])
    expect(await files('sealed/signed-hides-a-file')).toMatchObject([{ name: 'evil.exe', type: 'exe' }])
  },
  'signed-inside': doubt('sealed/smime-opaque-signed', 'archive-unread'),
  async meeting() {
    for (const name of ['request', 'reply', 'cancel', 'counter', 'only', 'with-file'])
      expect(await content(`meeting/${name}`)).toBe('calendar')
    expect(await content('meeting/as-file')).toBe('plain')
  },
  async report() {
    for (const name of ['failed', 'delayed', 'global', 'disposition', 'feedback']) {
      const { message, attachments } = await parsed(`report/${name}`)
      expect(message).toMatchObject({ content: 'report', autoSubmitted: true })
      expect(attachments!.every((file) => typeof file.text === 'string')).toBe(true)
    }
  },
  async automatic() {
    const automatic = async (name: string) => (await parsed(name)).message.autoSubmitted
    expect(await automatic('automatic/1-auto-replied')).toBe(true)
    expect(await automatic('automatic/2-auto-notified')).toBe(true)
    expect(await automatic('automatic/3-no')).toBe(false)
    expect(await automatic('list/headers')).toBe(false)
  },
  async refused() {
    for (const name of [
      'lines/nul',
      'lines/bare-lf',
      'lines/bare-cr',
      'lines/too-long',
      'structure/header-without-colon',
      'structure/header-latin1',
    ])
      expect(wireOf(sampleOf(name)), name).toBe('refused')
    expect(wireOf(sampleOf('structure/header-utf8'))).toBe('smtputf8')
  },
}

describe('the rule', () => {
  it.each(Object.entries(RULES))('%s', async (_, check) => {
    await check()
  })
})

it('every rule that is written has a test, and every test a rule', () => {
  const page = readFileSync(new URL('../../docs/operate/ambiguities.md', import.meta.url), 'utf8')
  const written = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1]!)
  expect(written.toSorted()).toEqual(Object.keys(RULES).toSorted())
})
