import { described } from './attachments.ts'
import type { HostItem, Person } from './item.ts'

/** As Office.js counts kinds of items and permissions. */
const MESSAGE_READ = 1
const MESSAGE_COMPOSE = 4
const READ_WRITE_ITEM = 3

/** What Office.js asks for once at its start: user, kind of item, and everything of a mail that is read. */
export function initialData(item: HostItem, user: Person): object {
  const base = {
    permissionLevel: READ_WRITE_ITEM,
    hostVersion: '16.0.0.0',
    userEmailAddress: user.address,
    userDisplayName: user.name,
    userTimeZone: 'W. Europe Standard Time',
    userProfileType: 'office365',
    ewsUrl: '',
    restUrl: '',
    owaView: 'ThreeColumns',
    regExMatches: null,
    isRead: true,
    timeZoneOffsets: [{ start: 0, end: 8_640_000_000_000, offset: 60 }],
  }
  if (item.kind === 'compose') return { ...base, itemType: MESSAGE_COMPOSE, conversationId: item.draft.id }
  const { mail } = item
  return {
    ...base,
    itemType: MESSAGE_READ,
    conversationId: mail.id,
    id: mail.id,
    itemClass: 'IPM.Note',
    internetMessageId: mail.messageId,
    subject: mail.subject,
    normalizedSubject: mail.subject.replace(/^(?:\s*(?:re|fwd?|aw|wg)\s*:)+\s*/i, ''),
    from: mail.from,
    sender: mail.from,
    to: mail.to,
    cc: mail.cc,
    dateTimeCreated: mail.date,
    dateTimeModified: mail.date,
    attachments: mail.attachments.map(described),
  }
}
