import type { ClientProfile, LaunchEventName } from './profile.ts'

const ALL: readonly LaunchEventName[] = [
  'onNewMessageCompose',
  'onMessageRecipientsChanged',
  'onMessageAttachmentsChanged',
  'onMessageFromChanged',
  'onMessageSend',
]

const web: ClientProfile = {
  id: 'web',
  name: 'Outlook on the web',
  mailbox: 16,
  nestedAppAuth: true,
  latency: 40,
  concurrency: 3,
  sessionDelay: 0,
  lowerCasesHeaders: true,
  forgetsRemovedHeaders: true,
  recipientsTold: 1000,
  launchEvents: ALL,
  runtime: 'page',
  composePane: true,
  takeAction: 'extra',
  tellsTheme: true,
  missing: [],
}

/** The clients of the guide for administrators, with the versions it names. */
export const CLIENTS: readonly ClientProfile[] = [
  web,
  { ...web, id: 'new', name: 'New Outlook for Windows', latency: 30 },
  {
    ...web,
    id: 'classic',
    name: 'Classic Outlook for Windows',
    latency: 5,
    concurrency: 50,
    lowerCasesHeaders: false,
    forgetsRemovedHeaders: false,
    runtime: 'script',
  },
  {
    ...web,
    id: 'mac',
    name: 'Outlook for Mac',
    mailbox: 14,
    latency: 15,
    sessionDelay: 2000,
    lowerCasesHeaders: false,
    forgetsRemovedHeaders: false,
    recipientsTold: null,
    takeAction: 'instead',
  },
  {
    ...web,
    id: 'ltsc',
    name: 'Outlook LTSC 2021',
    mailbox: 9,
    nestedAppAuth: false,
    latency: 10,
    concurrency: 50,
    lowerCasesHeaders: false,
    forgetsRemovedHeaders: false,
    recipientsTold: 500,
    launchEvents: [],
    runtime: 'none',
    takeAction: 'instead',
    tellsTheme: false,
  },
  {
    ...web,
    id: 'mobile',
    name: 'Outlook for iOS and Android',
    // 1.5, and what the list of exceptions adds: headers, session data, three events.
    mailbox: 13,
    latency: 60,
    launchEvents: ['onNewMessageCompose', 'onMessageRecipientsChanged', 'onMessageFromChanged'],
    composePane: false,
    tellsTheme: false,
    missing: ['delayDeliveryTime', 'getAttachmentContentAsync'],
  },
]

export const clientById = (id: string | null): ClientProfile => CLIENTS.find((client) => client.id === id) ?? web
