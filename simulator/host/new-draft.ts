import type { Attachment, Draft, Person, Recipient } from './item.ts'

export interface DraftStart {
  readonly from: Person
  readonly to?: readonly Recipient[]
  readonly cc?: readonly Recipient[]
  readonly bcc?: readonly Recipient[]
  readonly subject?: string
  readonly text?: string
  readonly attachments?: readonly Attachment[]
  readonly composeType?: Draft['composeType']
  readonly inReplyTo?: string
  /** What a reply or a forwarded mail brings along. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

const escaped = (content: string) => content.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`)

/** A mail that is begun. */
export function newDraft(start: DraftStart): Draft {
  const text = start.text ?? ''
  return {
    id: crypto.randomUUID(),
    composeType: start.composeType ?? 'newMail',
    inReplyTo: start.inReplyTo ?? null,
    from: start.from,
    fields: { to: start.to ?? [], cc: start.cc ?? [], bcc: start.bcc ?? [] },
    subject: start.subject ?? '',
    html: escaped(text).replace(/\n/g, '<br>'),
    text,
    attachments: start.attachments ?? [],
    headers: new Map((start.headers ?? []).map(([name, value]) => [name.toLowerCase(), { name, value }])),
    session: new Map(),
    notifications: new Map(),
    customProperties: '{}',
    appended: '',
    context: '',
    savedAs: null,
  }
}
