import { type Calls, CODES, type Parameters, text } from './answer.ts'
import type { HostItem, Notification } from './item.ts'

const AT_MOST = 5
const AT_MOST_ON_PHONES = 1

function read({ key, type, message, icon, persistent, actions }: Parameters): Notification {
  return {
    key: text(key),
    type: Number(type),
    message: text(message),
    ...(typeof icon === 'string' ? { icon } : {}),
    ...(typeof persistent === 'boolean' ? { persistent } : {}),
    ...(Array.isArray(actions) ? { actions: actions as NonNullable<Notification['actions']> } : {}),
  }
}

const messagesOf = (item: HostItem) => (item.kind === 'compose' ? item.draft.notifications : item.notifications)

function tell(item: HostItem): void {
  if (item.kind === 'compose') item.changed('notifications')
  else item.changed()
}

/** Bars above the mail. */
export const notificationMessages: Calls = {
  33: (given, { item, profile }) => {
    const messages = messagesOf(item)
    const added = read(given)
    if (messages.has(added.key)) return CODES.duplicateKey
    if (messages.size >= (profile.id === 'mobile' ? AT_MOST_ON_PHONES : AT_MOST)) return CODES.tooManyNotifications
    messages.set(added.key, added)
    tell(item)
    return {}
  },
  34: (_, { item }) => ({ data: [...messagesOf(item).values()] }),
  35: (given, { item }) => {
    const message = read(given)
    if (!messagesOf(item).has(message.key)) return CODES.noSuchNotification
    messagesOf(item).set(message.key, message)
    tell(item)
    return {}
  },
  36: (given, { item }) => {
    if (!messagesOf(item).delete(text(given.key))) return CODES.noSuchNotification
    tell(item)
    return {}
  },
}
