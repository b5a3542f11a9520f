import type { RecipientDecision, Step } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { carrierWords } from '../../../shared/words/carrier.ts'
import type { Language } from '../../../shared/words/filelink.ts'
import { escapeHtml } from '../../../shared/words/html.ts'
import { outerFields } from '../../mime/content-of.ts'
import { decodedBody } from '../../mime/decode.ts'
import type { Entity } from '../../mime/entity.ts'
import { filePart, messageOf, multipart, textPart, writeEntity } from '../../mime/write.ts'
import { type EditedContent, phoneOf } from './content.ts'
import type { MailInHand, SecretForPerson, Tools } from './mail.ts'
import { type ContainerFile, encryptedPdf, encryptedPdfSize } from './pdf/container.ts'
import { generatePassword } from './pdf/password.ts'
import { pdfNotice } from './pdf/pdf-notice.ts'
import { rewriteHeader } from './rewrite.ts'

export { describePdf } from './pdf/container.ts'

type Protect = Extract<Step, { do: 'protect' }>

/**
 * Puts the whole mail (page and remaining attachments) into a password-protected PDF for one recipient and returns the
 * carrier mail's content. The password leaves by the plan's channel. Raises `phone-missing` when that is SMS and no number
 * is known, and `action-impossible` when its sender should pass it on and has no address: the mail then does not leave.
 */
export async function carryPdf(
  mail: MailInHand,
  content: EditedContent,
  step: Protect,
  recipient: RecipientDecision,
  language: Language,
  subject: string,
  tools: Tools,
): Promise<{ content: Entity; secrets: readonly SecretForPerson[] }> {
  // Nobody would pass the password on: the recipient could never open it.
  if (step.password?.channel !== 'sms' && mail.mailFrom === '')
    throw new Fault('action-impossible', 'a password for a sender without an address')
  const { visible, attachments = [] } = mail.parsed
  const readable = await mail.parsed.readable()
  const files: ContainerFile[] = content.remaining.flatMap((at) => {
    const facts = attachments.find((attachment) => attachment.index === at)
    const part = mail.parsed.index.parts[mail.parsed.attachmentParts[at] ?? -1]
    if (!facts || !part) return []
    return [
      {
        name: facts.name,
        mediaType: facts.declaredType,
        size: facts.size,
        stream: () => decodedBody(mail.source, part),
      },
    ]
  })
  const text = withBlocks(readable.text, content, 'text')
  const html = readable.html === undefined ? undefined : withBlocks(readable.html, content, 'html')
  // A page may have to shorten or simplify; the message as written is always inside as well.
  const name = language === 'de' ? 'Nachricht' : 'message'
  const original = readable.cut
    ? await wholeMail(mail, content, name)
    : html === undefined
      ? inMemory(`${name}.txt`, 'text/plain', text)
      : inMemory(`${name}.html`, 'text/html', html)
  files.push(original)
  const page = await tools.documents.render({
    language,
    from: visible.from,
    to: visible.to,
    subject,
    date: visible.date ?? mail.acceptedAt,
    text,
    ...(html === undefined ? {} : { html }),
    original: original.name,
    ...(readable.images ? { images: readable.images } : {}),
    files: files.map(({ name, size }) => {
      const hash = attachments.find((attachment) => attachment.name === name && attachment.size === size)?.hash
      return { name, size, ...(hash ? { sha256: hash } : {}) }
    }),
  })
  const password = generatePassword()
  const container = { page, files, userPassword: password, ownerPassword: generatePassword(), time: mail.acceptedAt }
  const notice = pdfNotice({ language, sender: visible.from, channel: step.password?.channel ?? 'sender' })
  return {
    content: multipart('mixed', [
      multipart('alternative', [textPart('plain', notice.text), textPart('html', notice.html)]),
      filePart({
        name: notice.fileName,
        mediaType: 'application/pdf',
        disposition: 'attachment',
        size: await encryptedPdfSize(container),
        stream: () => encryptedPdf(container),
      }),
    ]),
    secrets: [await passwordFor(mail, step, recipient, language, subject, password, tools)],
  }
}

async function passwordFor(
  mail: MailInHand,
  step: Protect,
  recipient: RecipientDecision,
  language: Language,
  subject: string,
  password: string,
  tools: Tools,
): Promise<SecretForPerson> {
  if (step.password?.channel === 'sms') {
    const phone = step.password.phone ?? (await phoneOf(mail, recipient.address, tools))
    if (!phone) throw new Fault('phone-missing', recipient.address)
    return {
      by: 'sms',
      recipient: recipient.address,
      phone,
      text: carrierWords[language].passwordSms(mail.parsed.visible.from, password),
    }
  }
  const words = carrierWords[mail.tenant.language]
  const text = words.passwordToSender(recipient.address, password)
  return {
    by: 'sender',
    recipient: recipient.address,
    sender: mail.mailFrom,
    subject: words.passwordToSenderSubject(subject),
    text,
    html: `<p>${escapeHtml(text).replaceAll('\n', '<br>')}</p>`,
  }
}

/** The page shows what the mail would have shown: links and disclaimer stand in its body. */
function withBlocks(body: string, content: EditedContent, form: 'text' | 'html'): string {
  const glue = form === 'text' ? '\n\n' : ''
  const top = content.blocks.filter((block) => block.position === 'top').map((block) => block[form])
  const bottom = content.blocks.filter((block) => block.position === 'bottom').map((block) => block[form])
  return [...top, body, ...bottom].join(glue)
}

/** A body longer than the reader keeps: the mail as a whole goes inside, without what steers the gateway. */
async function wholeMail(mail: MailInHand, content: EditedContent, name: string): Promise<ContainerFile> {
  const message = messageOf(rewriteHeader(outerFields(mail.parsed.index), mail, []), content.entity)
  let size = 0
  for await (const chunk of writeEntity(message)) size += chunk.length
  return { name: `${name}.eml`, mediaType: 'message/rfc822', size, stream: () => writeEntity(message) }
}

function inMemory(name: string, mediaType: string, text: string): ContainerFile {
  const data = Buffer.from(text, 'utf8')
  return {
    name,
    mediaType,
    size: data.length,
    async *stream() {
      yield data
    },
  }
}
