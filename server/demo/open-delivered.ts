/** A delivered mail as its recipient's client would show it: opened with his keys, its words, its files, its link. */

import { parseMail } from '../journey/parse/parse-mail.ts'
import { type OpenedMail, type OpenKeys, openMail } from '../journey/transform/open/index.ts'
import { contentEntity, outerFields } from '../mime/content-of.ts'
import { decodedBody } from '../mime/decode.ts'
import { indexMime } from '../mime/index-mime.ts'
import { messageOf, writeEntity } from '../mime/write.ts'
import { sanitising } from '../portal/sanitise.ts'
import { bytesOf, gathered } from '../ports/bytes.ts'
import { inTurns } from '../threads/turn.ts'
import { isEncryptedPdf } from './encrypted-pdf.ts'

export interface DeliveredView {
  readonly from: { readonly name: string; readonly address: string }
  readonly to: readonly { readonly name: string; readonly address: string }[]
  readonly cc: readonly { readonly name: string; readonly address: string }[]
  readonly subject: string
  /** Epoch ms, or null. */
  readonly date: number | null
  readonly messageId: string
  /** Header block as delivered. */
  readonly header: string
  /** From the outside in; empty for a mail in the clear. */
  readonly layers: readonly {
    readonly kind: string
    readonly state: string
    readonly words: { de: string; en: string }
  }[]
  readonly verdict: { readonly state: string; readonly words: { readonly de: string; readonly en: string } }
  /** null: it could not be opened. */
  readonly text: string | null
  /** Fit to show in a frame without scripts. */
  readonly html: string | null
  /** Method by which the gateway protected it, as its bytes say. */
  readonly method: 'smime' | 'pgp' | 'pdf' | 'portal' | 'signed' | 'plain'
  /** Address of the message or file in the portal. */
  readonly link: string | null
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly size: number }[]
}

/** The mail and its attachments' contents, in the order of `attachments`. */
export interface OpenedDelivery {
  readonly view: DeliveredView
  content(index: number): Promise<Buffer | null>
}

/** Opens one. Raises `header-too-large` and `mime-too-complex`. */
export async function openDelivered(bytes: Buffer, keys: OpenKeys): Promise<OpenedDelivery> {
  const source = bytesOf(bytes)
  const index = await indexMime(source)
  const outside = await parseMail(source)
  const { from, date } = outside.visible
  const opened = await openMail(source, keys, { at: Date.now(), from })
  const inner = opened.content ?? contentEntity(source, index)
  const open = bytesOf(await gathered(writeEntity(messageOf(outerFields(index), inner))))
  const mail = await parseMail(open)
  const readable = opened.content === null && opened.layers.length > 0 ? null : await mail.readable()
  const files = (readable === null ? [] : (mail.attachments ?? [])).filter(
    ({ within, index }) => within === undefined && (mail.attachmentParts[index] ?? -1) >= 0,
  )
  const attachments = files.map(({ name, declaredType, size }) => ({ name, type: declaredType, size }))
  async function content(index: number): Promise<Buffer | null> {
    const facts = files[index]
    const part = mail.index.parts[facts ? (mail.attachmentParts[facts.index] ?? -1) : -1]
    if (!part) return null
    const decoded: Buffer[] = []
    for await (const piece of decodedBody(open, part)) decoded.push(piece)
    return Buffer.concat(decoded)
  }
  const link = portalLink(readable?.text ?? '')
  // The gateway's own carrier has one file.
  const sole = attachments.length === 1 && attachments[0]?.type === 'application/pdf' ? await content(0) : null
  const person = ({ name, address }: { readonly name: string; readonly address: string }) => ({ name, address })
  const { mailboxes, messageId } = mail.visible
  return {
    view: {
      from: person(mailboxes.from[0] ?? { name: '', address: from }),
      to: mailboxes.to.map(person),
      cc: mailboxes.cc.map(person),
      subject: mail.message.subject,
      date,
      messageId,
      header: headerBlock(bytes),
      layers: opened.layers.map(({ kind, state, words }) => ({ kind, state, words })),
      verdict: { state: opened.verdict.state, words: opened.verdict.words },
      text: readable?.text ?? null,
      html: readable?.html === undefined ? null : await inTurns(sanitising(readable.html, 'image')),
      method: methodOf(opened, link, sole),
      link,
      attachments,
    },
    content,
  }
}

function methodOf({ layers }: OpenedMail, link: string | null, sole: Buffer | null): DeliveredView['method'] {
  if (layers.some(({ kind }) => kind === 'smime-encrypted')) return 'smime'
  if (layers.some(({ kind }) => kind === 'pgp-encrypted')) return 'pgp'
  if (link !== null) return 'portal'
  if (sole !== null && layers.length <= 1 && isEncryptedPdf(sole)) return 'pdf'
  return layers.some(({ kind }) => kind.endsWith('-signed')) ? 'signed' : 'plain'
}

const portalLink = (text: string): string | null => /https?:\/\/\S+\/portal\/\S+/.exec(text)?.[0] ?? null

function headerBlock(bytes: Buffer): string {
  const end = bytes.indexOf('\r\n\r\n')
  return bytes.subarray(0, end < 0 ? 65_536 : Math.min(end, 65_536)).toString('utf8')
}
