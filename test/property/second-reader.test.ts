/** Two other readers of mail see nothing in the corpus that the policy has not seen, but for what a written rule explains. */
import { createHash } from 'node:crypto'
import { simpleParser } from 'mailparser'
import PostalMime from 'postal-mime'
import { describe, expect, it } from 'vitest'
import { htmlToText } from '../../server/journey/parse/html-text.ts'
import { type ParsedMail, parseMail } from '../../server/journey/parse/parse-mail.ts'
import { shownName } from '../../server/mime/content-fields.ts'
import { decodedBody } from '../../server/mime/decode.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { corpus } from '../support/corpus/corpus.ts'

interface Shown {
  readonly text: string
  readonly files: readonly { readonly name: string; readonly content: Buffer }[]
}

const READERS: Readonly<Record<string, (bytes: Buffer) => Promise<Shown>>> = {
  async mailparser(bytes) {
    const mail = await simpleParser(bytes, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true })
    const files = mail.attachments.map(({ filename, content }) => ({ name: filename ?? '', content }))
    return { text: `${mail.text ?? ''} ${mail.html ? htmlToText(mail.html) : ''}`, files }
  },
  async 'postal-mime'(bytes) {
    const mail = await PostalMime.parse(bytes)
    const files = mail.attachments.map(({ filename, content }) => ({
      name: filename ?? '',
      content: typeof content === 'string' ? Buffer.from(content) : Buffer.from(new Uint8Array(content)),
    }))
    return { text: `${mail.text ?? ''} ${mail.html ? htmlToText(mail.html) : ''}`, files }
  },
}

/**
 * Why a mail without any doubt is seen in another way by another reader; each row must be needed. The rules are those of
 * docs/operate/ambiguities.md.
 */
const EXPLAINED: readonly {
  readonly rule: string
  readonly mails: RegExp
  readonly differs: RegExp
}[] = [
  {
    rule: 'signature-of-signed',
    mails: /^sealed\/(smime|pgp)-.*signed|smime-inside/,
    differs: /^(file|name) "(smime\.p7s|signature\.asc)"/,
  },
  { rule: 'sealed', mails: /^sealed\/(smime-(auth-)?enveloped|pgp-encrypted|pgp-inline)$/, differs: /./ },
  // mailparser does not know that the parts of a digest are messages (RFC 2046 5.1.5) and shows their source as text.
  { rule: 'digest', mails: /^structure\/digest$/, differs: /^words / },
  // postal-mime prints the header of a message inside into the text, with labels of its own.
  {
    rule: 'header-of-a-message-inside',
    mails: /^(structure|report)\//,
    differs: /^words (From|Subject|Date)( (From|Subject|Date))*$/,
  },
]

const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex')
/** Readers that decode text anew change its line ends. */
const loose = (content: Buffer) => hash(Buffer.from(content.toString('latin1').replace(/\r/g, '').trimEnd(), 'latin1'))
const words = (text: string) => new Set(text.normalize('NFKC').match(/[\p{L}\p{N}]{4,}/gu) ?? [])

async function seenIn(bytes: Buffer, { index, message, attachments = [], attachmentParts }: ParsedMail) {
  const hashes = new Set(attachments.map((file) => file.hash))
  for (const id of attachmentParts) {
    const part = index.parts[id]
    if (!part) continue
    const chunks: Buffer[] = []
    const content =
      part.shape === 'message' ? bytesOf(bytes).stream(part.bodyStart, part.bodyEnd) : decodedBody(bytesOf(bytes), part)
    for await (const chunk of content) chunks.push(chunk)
    hashes.add(loose(Buffer.concat(chunks)))
  }
  const names = new Set(attachments.flatMap((file) => [file.name, ...(file.otherNames ?? [])]))
  const texts = [message.bodyText ?? '', message.subject, ...names, ...attachments.map((file) => file.text ?? '')]
  return { hashes, names, words: words(texts.join(' ')) }
}

function differences(shown: Shown, seen: Awaited<ReturnType<typeof seenIn>>): string[] {
  const files = shown.files.flatMap(({ name, content }) => [
    ...(seen.hashes.has(hash(content)) || seen.hashes.has(loose(content)) ? [] : [`file "${name}"`]),
    ...(name === '' || seen.names.has(shownName(name)) ? [] : [`name "${name}"`]),
  ])
  const unseen = [...words(shown.text)].filter((word) => !seen.words.has(word))
  return unseen.length > 0 ? [...files, `words ${unseen.join(' ')}`] : files
}

describe.each(Object.keys(READERS))('%s', (reader) => {
  it('shows no file, name or word that was not seen, or the mail is doubtful', async () => {
    const unexplained: string[] = []
    for (const { name, bytes } of corpus) {
      const parsed = await parseMail(bytesOf(bytes))
      const { defects, bodyCut } = parsed.message
      // A doubt keeps every rule that asks for a file or a word from being sure: the mail fails closed.
      if (defects.length > 0 || bodyCut) continue
      for (const found of differences(await READERS[reader]!(bytes), await seenIn(bytes, parsed))) {
        const rule = EXPLAINED.find(({ mails, differs }) => mails.test(name) && differs.test(found))
        if (!rule) unexplained.push(`${name}: ${found}`)
      }
    }
    expect(unexplained).toEqual([])
  })
})

it('finds the files of ordinary mail under the same names, sizes and hashes', async () => {
  let compared = 0
  for (const { name, bytes } of corpus.filter(
    (one) =>
      one.clean &&
      /^(outlook|exchange|apple-mail|thunderbird|gmail|sap|phpmailer|javamail|python|lotus-notes|scanner)\//.test(
        one.name,
      ),
  )) {
    const { attachments = [] } = await parseMail(bytesOf(bytes))
    const ours = attachments.map((file) => [file.name, file.size, file.hash])
    const { files } = await READERS.mailparser!(bytes)
    expect({ name, files: files.map((file) => [file.name, file.content.length, hash(file.content)]) }).toEqual({
      name,
      files: ours,
    })
    compared += ours.length
  }
  expect(compared).toBeGreaterThan(60)
})

it('needs every row of the table', async () => {
  const needed = new Set<string>()
  for (const { name, bytes } of corpus) {
    const rows = EXPLAINED.filter(({ mails }) => mails.test(name))
    if (rows.length === 0) continue
    const seen = await seenIn(bytes, await parseMail(bytesOf(bytes)))
    for (const read of Object.values(READERS)) {
      for (const found of differences(await read(bytes), seen)) {
        const row = rows.find(({ differs }) => differs.test(found))
        if (row) needed.add(row.rule)
      }
    }
  }
  expect([...needed].sort()).toEqual(EXPLAINED.map(({ rule }) => rule).sort())
})
