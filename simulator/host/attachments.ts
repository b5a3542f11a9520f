import { type Calls, CODES, onDraft, type Scene, text } from './answer.ts'
import type { Attachment } from './item.ts'

/** As Office.js counts kinds: file, mail, link into a cloud. */
const FILE = 0
const CLOUD = 2

/** How a client describes an attachment to an add-in. */
export const described = ({ id, name, size, type, inline, content }: Omit<Attachment, 'listedAt'>) => ({
  id,
  name,
  size,
  contentType: type,
  isInline: inline,
  attachmentType: content === null ? CLOUD : FILE,
})

const find = ({ item }: Scene, id: unknown) =>
  (item.kind === 'compose' ? item.draft.attachments : item.mail.attachments).find((one) => one.id === id)

export const attachments: Calls = {
  149: onDraft((_, draft) => ({
    data: draft.attachments.filter(({ listedAt }) => listedAt <= performance.now()).map(described),
  })),
  150: (given, scene) => {
    const found = find(scene, given.id)
    if (!found || found.content === null) return CODES.attachmentNotFound
    return { data: { content: found.content, format: 'base64' } }
  },
  148: onDraft((given, draft, { item }) => {
    const content = text(given.base64String)
    const attachment: Attachment = {
      id: crypto.randomUUID(),
      name: text(given.name),
      type: 'application/octet-stream',
      size: Math.floor((content.replace(/=+$/, '').length * 3) / 4),
      inline: given.isInline === true,
      content,
      listedAt: 0,
    }
    draft.attachments = [...draft.attachments, attachment]
    item.changed('attachments', { attachment: { status: 'added', attachment } })
    return { data: attachment.id }
  }),
  20: onDraft((given, draft, { item }) => {
    const attachment = draft.attachments.find(({ id }) => id === given.attachmentIndex)
    if (!attachment) return CODES.attachmentNotFound
    draft.attachments = draft.attachments.filter((one) => one !== attachment)
    item.changed('attachments', { attachment: { status: 'removed', attachment } })
    return {}
  }),
}
