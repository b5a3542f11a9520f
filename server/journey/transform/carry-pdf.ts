import { createHash } from 'node:crypto'
import type { GrantRecord, RecipientDecision, Step } from '../../../shared/domain/index.ts'
import type { Language } from '../../../shared/words/filelink.ts'
import { outerFields } from '../../mime/content-of.ts'
import { decodedBody } from '../../mime/decode.ts'
import type { Entity } from '../../mime/entity.ts'
import { filePart, messageOf, multipart, textPart, writeEntity } from '../../mime/write.ts'
import type { EditedContent } from './content.ts'
import { lockedInZip, lockedPdfs } from './lock-files.ts'
import type { Draft, MailInHand, RenderedCopy, SecretForPerson, Tools } from './mail.ts'
import { type ContainerFile, describePdf, encryptedContainer } from './pdf/container.ts'
import { pdfNotice } from './pdf/pdf-notice.ts'
import { type PasswordPlan, planPassword } from './pdf-password.ts'
import { rewriteHeader } from './rewrite.ts'

type Protect = Extract<Step, { do: 'protect' }>

/** What travels in place of the content, and what has to be stored and sent beside it. */
export interface CarriedPdf {
  readonly content: Entity
  /** For `Receipt.layers`. */
  readonly layer: string
  readonly secrets: readonly SecretForPerson[]
  readonly grants: readonly GrantRecord[]
  readonly passwords: RenderedCopy['passwords']
}

/**
 * Puts the whole mail (page and remaining attachments) into a password-protected PDF for one recipient, or only its files
 * where the policy says so, and returns the carrier mail's content. Raises what `planPassword` raises.
 */
export async function carryPdf(
  mail: MailInHand,
  draft: Draft,
  content: EditedContent,
  step: Protect,
  recipient: RecipientDecision,
  language: Language,
  subject: string,
  tools: Tools,
): Promise<CarriedPdf> {
  const plan = await planPassword(mail, draft, step, recipient, language, subject, tools)
  const { secrets, grants, passwords } = plan
  const files = remainingFiles(mail, content)
  const { documents } = tools
  const locking = { mail, content, files, password: plan.password, way: plan.way, language, documents }
  const locked =
    step.container === 'zip' ? await lockedInZip(locking) : step.container === 'pdfs' ? await lockedPdfs(locking) : null
  if (locked) {
    const layer =
      step.container === 'zip' ? 'ZIP archive of the files, AES-256 (AE-2)' : `${describePdf()}, attached PDFs`
    return { content: locked, layer, secrets, grants, passwords }
  }
  return {
    content: await container(mail, content, files, plan, language, subject, tools),
    layer: describePdf(),
    secrets,
    grants,
    passwords,
  }
}

function remainingFiles(mail: MailInHand, content: EditedContent): (ContainerFile & { at: number; hash?: string })[] {
  const { attachments = [] } = mail.parsed
  return content.remaining.flatMap((at) => {
    const facts = attachments.find((attachment) => attachment.index === at)
    const part = mail.parsed.index.parts[mail.parsed.attachmentParts[at] ?? -1]
    if (!facts || !part) return []
    return [
      {
        at,
        name: facts.name,
        mediaType: facts.declaredType,
        size: facts.size,
        ...(facts.hash === undefined ? {} : { hash: facts.hash }),
        stream: () => decodedBody(mail.source, part),
      },
    ]
  })
}

async function container(
  mail: MailInHand,
  content: EditedContent,
  attached: readonly (ContainerFile & { readonly hash?: string })[],
  { password, way, replyUrl }: PasswordPlan,
  language: Language,
  subject: string,
  tools: Tools,
): Promise<Entity> {
  const { visible } = mail.parsed
  const readable = await mail.parsed.readable()
  const text = withBlocks(readable.text, content, 'text')
  const html = readable.html === undefined ? undefined : withBlocks(readable.html, content, 'html')
  // A page may have to shorten or simplify; the message as written is always inside as well.
  const name = language === 'de' ? 'Nachricht' : 'message'
  const original = readable.cut
    ? await wholeMail(mail, content, name)
    : html === undefined
      ? inMemory(`${name}.txt`, 'text/plain', text)
      : inMemory(`${name}.html`, 'text/html', html)
  const files: (ContainerFile & { readonly hash?: string })[] = [...attached, original]
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
    files: files.map(({ name, size, hash }) => ({ name, size, ...(hash ? { sha256: hash } : {}) })),
    ...(replyUrl === undefined ? {} : { replyUrl }),
  })
  const options = { page, files, userPassword: password, ownerPassword: null, time: mail.acceptedAt }
  const { size, stream } = await encryptedContainer(options)
  const notice = pdfNotice({ language, sender: visible.from, way })
  return multipart('mixed', [
    multipart('alternative', [textPart('plain', notice.text), textPart('html', notice.html)]),
    filePart({
      name: notice.fileName,
      mediaType: 'application/pdf',
      disposition: 'attachment',
      size,
      stream,
    }),
  ])
}

/** The page shows what the mail would have shown: links and disclaimer stand in its body. */
function withBlocks(body: string, content: EditedContent, form: 'text' | 'html'): string {
  const glue = form === 'text' ? '\n\n' : ''
  const top = content.blocks.filter((block) => block.position === 'top').map((block) => block[form])
  const bottom = content.blocks.filter((block) => block.position === 'bottom').map((block) => block[form])
  return [...top, body, ...bottom].join(glue)
}

/** A body longer than the reader keeps: the mail as a whole goes inside, without what steers the gateway. */
async function wholeMail(mail: MailInHand, content: EditedContent, name: string) {
  const message = messageOf(rewriteHeader(outerFields(mail.parsed.index), mail, []), content.entity)
  const digest = createHash('sha256')
  let size = 0
  for await (const chunk of writeEntity(message)) {
    size += chunk.length
    digest.update(chunk)
  }
  const hash = digest.digest('hex')
  return { name: `${name}.eml`, mediaType: 'message/rfc822', size, hash, stream: () => writeEntity(message) }
}

function inMemory(name: string, mediaType: string, text: string) {
  const data = Buffer.from(text, 'utf8')
  return {
    name,
    mediaType,
    size: data.length,
    hash: createHash('sha256').update(data).digest('hex'),
    async *stream() {
      yield data
    },
  }
}
