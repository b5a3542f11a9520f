/** Work of the gateway's event loop that is long for what it is given: large, or made to cost as much as it can. */
import { jsonInSteps } from '../../server/http/json-in-steps.ts'
import { parseMail } from '../../server/journey/parse/parse-mail.ts'
import { editContent } from '../../server/mime/edit.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import { sha256 } from '../../server/policies/native.ts'
import { sanitising } from '../../server/portal/sanitise.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { inTurns } from '../../server/threads/turn.ts'
import { deciding, diffing, explaining } from '../../shared/policy/index.ts'
import { loadDocuments } from '../../shared/policy/load.ts'
import { nodeOf } from '../../shared/policy/parse/node.ts'
import { benchRules, inputOf, ruleSets, SCENES } from '../bench/policy-rules.ts'
import { tarOf, tnefOf } from './corpus/containers.ts'
import { mailOf, textEntity, zipOf } from './mails.ts'

export interface LongWork {
  /** As a bench row names it. */
  readonly name: string
  /**
   * How often others must have had a turn, at least, when the clock goes on by a ms with every look at it; 0 for work that waits for
   * a disk or the thread pool, where others have turns anyway.
   */
  readonly turns: number
  /** Makes the input; what it returns does the work once. */
  prepare(): (() => Promise<unknown>) | Promise<() => Promise<unknown>>
}

const MB = 1_048_576
const PARAGRAPH = '<p style="color:red">Hello <b>World</b> and <a href="https://x.example/">link</a></p>\r\n'
const SMALL = Buffer.from('words of a small file')

const parsing = (mail: Buffer) => () => parseMail(bytesOf(mail))

const headed = (lines: string) => parsing(Buffer.from(`From: a@x.example\r\n${lines}\r\n\r\nwords\r\n`, 'latin1'))

/** A mail with one file; built without the support's own writer, which is slow for many megabytes. */
function withFile(name: string, data: Buffer) {
  const head = 'From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n'
  const fields = `Content-Type: application/octet-stream; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n`
  const lines = data.toString('base64').replace(/.{76}/g, '$&\r\n')
  return parsing(Buffer.from(`${head}${fields}${lines}\r\n--b--\r\n`, 'latin1'))
}

function edited(mail: Buffer) {
  const source = bytesOf(mail)
  return async () => {
    const index = await indexMime(source)
    const entity = editContent(source, index, { insert: [{ position: 'bottom', text: 'Ours', html: '<p>Ours</p>' }] })
    for await (const piece of entity.body()) if (piece.length < 0) throw new Error('never')
  }
}

const smallFiles = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `f/${at}.txt`, data: SMALL }))

const docx = (xml: string) =>
  zipOf([
    { name: '[Content_Types].xml', data: Buffer.from('<Types/>') },
    { name: 'word/document.xml', data: Buffer.from(xml) },
  ])

const pdf = (objects: readonly string[]) =>
  Buffer.from(`%PDF-1.7\n${objects.map((object, at) => `${at + 1} 0 obj\n${object}\nendobj\n`).join('')}`, 'latin1')

const pdfPage = (content: string) =>
  pdf([
    '<</Type/Page/Contents 2 0 R/Resources<</Font<</F1 3 0 R>>>>>>',
    `<</Length ${content.length}>>\nstream\n${content}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>',
  ])

function policyOf(rules: number) {
  const documents = ruleSets(benchRules(rules)).map(({ file, value }) => ({ file, root: nodeOf(value, 32)! }))
  return loadDocuments(documents, { sha256 }).policy!
}

/** A policy of so many rules, and a mail to so many people. */
function judged(rules: number, recipients: number) {
  const policy = policyOf(rules)
  const input = inputOf(SCENES)
  const [one] = input.recipients
  const many = Array.from({ length: recipients }, (_, at) => ({
    ...one!,
    address: `r${at}@d${at}.example`,
    domain: `d${at}.example`,
  }))
  return { policy, input: { ...input, recipients: many } }
}

export const longWork: readonly LongWork[] = [
  { name: 'html_2m', turns: 60, prepare: () => parsing(mailOf(textEntity('html', PARAGRAPH.repeat(24_000)))) },
  {
    name: 'html_nested_200k',
    turns: 50,
    prepare: () => parsing(mailOf(textEntity('html', '<div>'.repeat(200_000)))),
  },
  {
    name: 'block_into_html_2m',
    turns: 130,
    prepare: () => edited(mailOf(textEntity('html', PARAGRAPH.repeat(23_000)))),
  },
  {
    name: 'block_into_text_1m',
    turns: 20,
    prepare: () => edited(mailOf(textEntity('plain', 'words\r\n'.repeat(150_000)))),
  },
  {
    name: 'html_shown_1m',
    turns: 200,
    prepare: () => () => inTurns(sanitising(PARAGRAPH.repeat(12_000), 'image')),
  },
  {
    name: 'html_shown_nodes_4m',
    turns: 4000,
    prepare: () => () => inTurns(sanitising('<br>'.repeat(1_000_000), 'image')),
  },
  { name: 'html_shown_words_4m', turns: 400, prepare: () => () => inTurns(sanitising('x'.repeat(4_000_000), 'image')) },
  {
    name: 'uuencode_6m',
    turns: 250,
    prepare: () =>
      parsing(mailOf(textEntity('plain', `begin 644 a\r\n${`M${'A'.repeat(60)}\r\n`.repeat(100_000)}end\r\n`))),
  },
  {
    name: 'yenc_6m',
    turns: 130,
    prepare: () =>
      parsing(
        mailOf(textEntity('plain', `=ybegin line=128 name=a\r\n${`${'x'.repeat(128)}\r\n`.repeat(46_000)}=yend`)),
      ),
  },
  { name: 'base64_8m', turns: 30, prepare: () => withFile('a.bin', Buffer.alloc(6 * MB, 7)) },
  { name: 'zip_1000_files', turns: 200, prepare: () => withFile('a.zip', zipOf(smallFiles(1_000))) },
  { name: 'tar_1000_files', turns: 200, prepare: () => withFile('a.tar', tarOf(smallFiles(1_000))) },
  {
    name: 'tnef_1900_files',
    turns: 400,
    prepare: () => {
      const files = Array.from({ length: 1_900 }, (_, at) => ({ title: `a${at}`, longName: `a${at}.txt`, data: SMALL }))
      return withFile('winmail.dat', tnefOf({ body: 'words', files }))
    },
  },
  {
    name: 'tnef_8m_words',
    turns: 300,
    prepare: () => withFile('winmail.dat', tnefOf({ body: 'words '.repeat(1_300_000), files: [] })),
  },
  {
    name: 'rtf_512k',
    turns: 8,
    prepare: () => withFile('a.rtf', Buffer.from(`{\\rtf1 ${"\\'e4\\u228 ?\\par ".repeat(30_000)}}`)),
  },
  { name: 'docx_8m_words', turns: 100, prepare: () => withFile('a.docx', docx('<w:t>Hello</w:t>'.repeat(500_000))) },
  {
    name: 'docx_8m_entities',
    turns: 100,
    prepare: () => withFile('a.docx', docx(`<w:t>${'&amp;'.repeat(1_600_000)}`)),
  },
  { name: 'pdf_6m_words', turns: 100, prepare: () => withFile('a.pdf', pdfPage('(Hello world) Tj '.repeat(360_000))) },
  { name: 'pdf_6m_numbers', turns: 1_000, prepare: () => withFile('a.pdf', pdfPage('1 2 3 '.repeat(1_000_000))) },
  {
    name: 'pdf_30k_objects',
    turns: 5_000,
    prepare: () => withFile('a.pdf', pdf(Array.from({ length: 30_000 }, () => '<</Type/X>>'))),
  },
  { name: 'pdf_nested_3m', turns: 2_000, prepare: () => withFile('a.pdf', pdf(['['.repeat(3 * MB)])) },
  {
    name: 'decide_500_of_1000',
    turns: 100,
    prepare: () => {
      const { policy, input } = judged(1_000, 500)
      return () => inTurns(deciding(policy, input))
    },
  },
  {
    name: 'explain_4_of_1000',
    turns: 50,
    prepare: () => {
      const { policy, input } = judged(1_000, 4)
      return () => inTurns(explaining(policy, input))
    },
  },
  {
    name: 'policy_diff_300',
    turns: 100,
    prepare: () => {
      // Another number of rules gives each of them another condition.
      const [before, after] = [policyOf(300), policyOf(290)]
      return () => inTurns(diffing(before, after))
    },
  },
  {
    name: 'json_objects_4m',
    turns: 1_000,
    prepare: () => {
      const some = JSON.stringify(Array.from({ length: 20_000 }, () => ({ a: 1 })))
      const text = `[${Array.from({ length: 26 }, () => some).join()}]`
      return () => inTurns(jsonInSteps(text))
    },
  },
  {
    name: 'json_names_4m',
    turns: 700,
    prepare: () => {
      const some = JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`a${at}`, 1])))
      const text = `[${Array.from({ length: 20 }, () => some).join()}]`
      return () => inTurns(jsonInSteps(text))
    },
  },
  {
    name: 'json_text_4m',
    turns: 15,
    prepare: () => {
      const text = JSON.stringify('a "word"\n'.repeat(350_000))
      return () => inTurns(jsonInSteps(text))
    },
  },
  {
    name: 'header_addresses_256k',
    turns: 10,
    prepare: () =>
      headed(`To: ${Array.from({ length: 7_500 }, (_, at) => `"Name ${at}" <r${at}@x.example>`).join(',\r\n ')}`),
  },
  {
    name: 'header_words_256k',
    turns: 15,
    prepare: () => headed(`Subject: ${`${'=?utf-8?Q?=C3?= =?utf-8?Q?=A4?= '.repeat(28)}\r\n `.repeat(270)}`),
  },
  {
    name: 'header_20000_fields',
    turns: 80,
    prepare: () => headed(Array.from({ length: 20_000 }, (_, at) => `X-${at}: 1`).join('\r\n')),
  },
  {
    name: 'header_folds_256k',
    turns: 25,
    prepare: () => headed(`Content-Type: text/plain;${'\r\n a'.repeat(60_000)}`),
  },
  {
    name: 'header_parameters_256k',
    turns: 130,
    prepare: () =>
      headed(`Content-Type: text/plain; ${Array.from({ length: 15_000 }, (_, at) => `a${at}=${at};`).join('\r\n ')}`),
  },
  {
    name: 'header_names_256k',
    turns: 3000,
    prepare: () =>
      headed(
        `Content-Disposition: attachment; ${Array.from({ length: 12_000 }, (_, at) => `filename=${at}.a${at};`).join(' ')}`,
      ),
  },
  {
    name: 'header_encoded_name_256k',
    turns: 12,
    prepare: () => headed(`Content-Disposition: attachment; filename*=utf-8''${'%41x'.repeat(60_000)}`),
  },
]
