import { type Desk, mailKey } from './desk.ts'
import { h, type IconName, icon } from './elements.ts'
import { attachmentOf, sampleFile } from './files.ts'
import { METHOD_ICONS } from './reader.ts'
import type { Correspondent, MailLine, User } from './server.ts'

/** Colours of the round pictures, by name. */
const TONES = 8

function picture(name: string): HTMLElement {
  const initials = name
    .split(/\s+/)
    .filter((word) => /^\p{L}/u.test(word) && !/^dr\.?$/i.test(word))
    .map((word) => word[0])
    .slice(0, 2)
    .join('')
    .toUpperCase()
  const tone = [...name].reduce((sum, char) => sum + (char.codePointAt(0) ?? 0), 0) % TONES
  return h('span', { class: `picture tone-${tone}`, 'aria-hidden': 'true' }, initials)
}

/** Everybody's mailbox, own people first. */
export function folderList(desk: Desk): HTMLElement {
  const words = desk.words()
  return h(
    'nav',
    { class: 'folders', 'aria-label': words.mailboxes },
    section(desk, words.own, desk.people.users),
    section(desk, words.others, desk.people.others),
  )
}

function section(desk: Desk, title: string, people: readonly (User | Correspondent)[]): HTMLElement {
  return h(
    'div',
    {},
    h('h2', {}, title),
    h(
      'ul',
      {},
      people.map((person) => h('li', {}, folder(desk, person))),
    ),
  )
}

function folder(desk: Desk, person: User | Correspondent): HTMLElement {
  const words = desk.words()
  const fresh = desk.world.mails.filter(
    (mail) => mail.address === person.address && !desk.seen.has(mailKey(mail)),
  ).length
  const can = abilities(desk, person)
  return h(
    'button',
    {
      type: 'button',
      class: 'folder',
      'aria-current': desk.mailbox === person.address ? 'true' : null,
      title: person.address,
      on: { click: () => desk.openMailbox(person.address) },
    },
    picture(person.name),
    h(
      'span',
      { class: 'folder-text' },
      h('span', { class: 'folder-name' }, person.name),
      can ? h('span', { class: 'quiet-text' }, can.icon ? icon(can.icon) : null, can.text) : null,
    ),
    fresh > 0 ? h('span', { class: 'badge' }, String(fresh), h('span', { class: 'unseen' }, ` ${words.unread}`)) : null,
  )
}

function abilities(desk: Desk, person: User | Correspondent): { icon: IconName | null; text: string } | null {
  const words = desk.words()
  if (desk.isUser(person.address)) return null
  const { smime, pgp, phone } = person as Correspondent
  if (smime) return { icon: 'lock', text: words.certificate }
  if (pgp) return { icon: 'lock', text: words.openpgpKey }
  if (phone) return { icon: 'phone', text: words.hasPhone }
  return { icon: null, text: words.hasNothing }
}

/** What arrived in the open mailbox, the newest first, with the telephone of its owner. */
export function messageList(desk: Desk, open: string | null): HTMLElement {
  const words = desk.words()
  const mails = desk.world.mails.filter(({ address }) => address === desk.mailbox).toReversed()
  const person = desk.people.others.find(({ address }) => address === desk.mailbox)
  const texts = desk.world.texts.filter(({ to }) => to === person?.phone).toReversed()
  return h(
    'section',
    { class: 'messages', 'aria-label': words.messages },
    h('div', { class: 'messages-head' }, h('h2', {}, words.inbox), h('p', { class: 'quiet-text' }, desk.mailbox)),
    mails.length === 0 ? h('p', { class: 'empty' }, words.noMail) : null,
    h(
      'ul',
      {},
      mails.map((mail) => h('li', {}, messageLine(desk, mail, mailKey(mail) === open))),
    ),
    texts.length > 0
      ? h(
          'div',
          { class: 'telephone' },
          h('h3', {}, icon('phone'), `${words.texts} · ${person?.phone ?? ''}`),
          texts.map(({ text, at }) =>
            h('p', { class: 'text-message' }, text, h('time', { datetime: at }, clock(at, desk))),
          ),
        )
      : null,
  )
}

function messageLine(desk: Desk, mail: MailLine, open: boolean): HTMLElement {
  const words = desk.words()
  const unseen = !desk.seen.has(mailKey(mail))
  const name = mail.sender?.name || desk.nameOf(mail.sender?.address ?? mail.from)
  return h(
    'button',
    {
      type: 'button',
      class: `message${unseen ? ' unread' : ''}`,
      'aria-current': open ? 'true' : null,
      on: { click: () => desk.openMail(mail) },
    },
    picture(name),
    h(
      'span',
      { class: 'message-text' },
      h('span', { class: 'message-head' }, h('bdi', {}, name), h('time', { datetime: mail.at }, clock(mail.at, desk))),
      h('span', { class: 'message-subject', dir: 'auto' }, mail.subject || '–'),
      h(
        'span',
        { class: 'quiet-text message-preview' },
        mail.method && mail.method !== 'plain'
          ? h('span', { class: `tag ${mail.method}` }, icon(METHOD_ICONS[mail.method]), words[mail.method])
          : null,
        h('bdi', {}, mail.preview),
      ),
    ),
  )
}

const clock = (at: string, desk: Desk) =>
  new Date(at).toLocaleTimeString(desk.settings.language, { hour: '2-digit', minute: '2-digit' })

/** Drafts to begin with. */
export function sampleList(desk: Desk): HTMLElement {
  const words = desk.words()
  return h(
    'div',
    { class: 'welcome' },
    h('h2', { class: 'welcome-title' }, words.title),
    h('p', {}, words.welcome),
    h('h3', {}, words.samples),
    h(
      'ul',
      { class: 'samples' },
      desk.people.samples.map((sample) =>
        h(
          'li',
          {},
          h(
            'button',
            { type: 'button', class: 'sample', on: { click: () => void beginSample(desk, sample.id) } },
            icon('mail'),
            h(
              'span',
              {},
              h('span', { class: 'sample-title' }, sample.title[desk.settings.language]),
              h('span', { class: 'quiet-text' }, sample.about[desk.settings.language]),
            ),
          ),
        ),
      ),
    ),
  )
}

export async function beginSample(desk: Desk, id: string): Promise<void> {
  const sample = desk.people.samples.find((one) => one.id === id)
  if (!sample) return
  const { language } = desk.settings
  const person = (address: string) => ({ name: desk.nameOf(address), address, resolved: true })
  const attachments = await Promise.all(
    (sample.files ?? []).map((file) => attachmentOf(sampleFile(file), desk.filesLate)),
  )
  desk.compose({
    from: { name: desk.nameOf(sample.from), address: sample.from },
    to: sample.to.map(person),
    subject: sample.subject[language],
    text: sample.text[language],
    attachments,
  })
}
