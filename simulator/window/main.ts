/** The simulator's window: mailboxes at the left, the mail in the middle, the add-in's pane at the right. */
import type { HostFault } from '../host/calls.ts'
import type { Recipient } from '../host/item.ts'
import type { DraftStart } from '../host/new-draft.ts'
import { applyHostFault, type HostChoice, topBar } from './bar.ts'
import { type ComposeView, composeView } from './compose.ts'
import { trackDelivery } from './delivery.ts'
import { type Desk, everybody, mailKey } from './desk.ts'
import { button, h, put } from './elements.ts'
import { beginSample, folderList, messageList, sampleList } from './folders.ts'
import type { Hook } from './hook.ts'
import { type ReadView, readView } from './reader.ts'
import { SEND_TIMES } from './send.ts'
import { loadPeople, loadWorld, type MailLine, type OpenedMail } from './server.ts'
import { keepSettings, readSettings, type Settings, shownTheme } from './settings.ts'
import { words } from './words.ts'

const LOOK = 2000

async function start(): Promise<void> {
  const people = await loadPeople()
  const known = new Map(everybody(people).map(({ address, name }) => [address, name]))
  const users = new Set(people.users.map(({ address }) => address))
  let compose: ComposeView | null = null
  let read: (ReadView & { readonly key: string }) | null = null
  let hostChoice: HostChoice = ''
  const top = h('div', { class: 'top-place' })
  const left = h('div', { class: 'left' })
  const list = h('div', { class: 'list' })
  const work = h('main', { id: 'work', class: 'work', tabindex: '-1' })
  const notices = h('div', { class: 'notices' })
  const book = h(
    'datalist',
    { id: 'address-book' },
    everybody(people).map(({ name, address }) => h('option', { value: `${name} <${address}>` })),
  )

  const desk: Desk = {
    people,
    settings: readSettings(),
    world: { mails: [], texts: [] },
    mailbox: people.users[1]?.address ?? people.users[0]?.address ?? '',
    faults: new Map<number, HostFault>(),
    filesLate: 0,
    roaming: new Map(),
    seen: new Set(),
    words: () => words[desk.settings.language],
    nameOf: (address) => known.get(address) ?? address,
    isUser: (address) => users.has(address),
    openMailbox(address) {
      desk.mailbox = address
      leave()
      drawAll()
      const newest = () => desk.world.mails.findLast((mail) => mail.address === address)
      const known = newest()
      // What arrived a moment ago is looked for first.
      void look().then(() => {
        const line = newest()
        if (line && desk.mailbox === address && !compose && (!read || line !== known)) desk.openMail(line)
      })
    },
    openMail(line: MailLine) {
      closeWork()
      desk.seen.add(mailKey(line))
      read = { ...readView(desk, line), key: mailKey(line) }
      put(work, read.element)
      document.body.dataset.view = 'mail'
      drawLists()
    },
    compose(begin: DraftStart) {
      closeWork()
      notices.replaceChildren()
      compose = composeView(desk, begin)
      put(work, compose.element)
      document.body.dataset.view = 'mail'
      drawLists()
      if (desk.settings.profile.composePane) void compose.openPane()
    },
    answer(mail, how) {
      desk.compose(answerTo(desk, mail, how))
    },
    sent(result) {
      leave()
      drawAll()
      trackDelivery(notices, desk, result)
      void look()
    },
    leave() {
      leave()
      drawAll()
    },
  }

  function closeWork(): void {
    compose?.close()
    read?.close()
    compose = null
    read = null
  }

  function leave(): void {
    closeWork()
    put(work, sampleList(desk))
    document.body.dataset.view = 'list'
  }

  function drawLists(): void {
    const say = desk.words()
    const newMail = button({ icon: 'mail', label: say.newMail, class: 'primary new' }, () =>
      desk.compose({ from: { name: desk.nameOf(desk.mailbox), address: desk.mailbox } }),
    )
    put(left, newMail, folderList(desk))
    put(list, messageList(desk, read?.key ?? null))
  }

  function drawAll(): void {
    const { language } = desk.settings
    document.documentElement.lang = language
    document.documentElement.dataset.theme = shownTheme(desk.settings)
    document.title = desk.words().title
    put(
      top,
      topBar(desk, hostChoice, change, (choice) => {
        hostChoice = choice
        applyHostFault(desk, choice)
      }),
    )
    drawLists()
    if (!compose && !read) put(work, sampleList(desk))
  }

  function change(wanted: Partial<Settings>): void {
    const before = desk.settings
    desk.settings = { ...before, ...wanted }
    keepSettings(desk.settings)
    if (wanted.appearance) compose?.session.pane()?.showTheme(shownTheme(desk.settings))
    // Another client, or another language, is another start of Outlook: a mail that was begun begins again.
    if (compose && (wanted.profile || wanted.language)) desk.compose(startOf(compose))
    drawAll()
  }

  async function look(): Promise<void> {
    const world = await loadWorld().catch(() => null)
    if (!world || (world.mails.length === desk.world.mails.length && world.texts.length === desk.world.texts.length))
      return
    desk.world = world
    const held = document.activeElement?.closest('.left, .list') !== null
    if (!held || document.activeElement === null) drawLists()
    else redrawKeepingFocus()
  }

  /** New mail must not take the focus from whoever walks through the lists. */
  function redrawKeepingFocus(): void {
    const all = () => [...document.querySelectorAll<HTMLElement>('.left button, .list button')]
    const title = (document.activeElement as HTMLElement | null)?.title ?? ''
    const at = all().indexOf(document.activeElement as HTMLElement)
    drawLists()
    const again = all()
    ;(again.find((one) => title !== '' && one.title === title) ?? again[at])?.focus()
  }

  put(document.body, top, h('div', { class: 'desk' }, left, list, work), notices, book)
  document.body.dataset.view = 'list'
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
    change({ appearance: desk.settings.appearance }),
  )
  const hook: Hook = { desk, times: SEND_TIMES, open: () => compose }
  window.secflowSimulator = hook
  desk.world = await loadWorld().catch(() => desk.world)
  for (const mail of desk.world.mails) desk.seen.add(mailKey(mail))
  leave()
  drawAll()
  const sample = new URLSearchParams(location.search).get('sample')
  if (sample) await beginSample(desk, sample)
  setInterval(() => !document.hidden && void look(), LOOK)
}

function startOf({ session: { draft } }: ComposeView): DraftStart {
  const { from, fields, subject, text, attachments, composeType, inReplyTo } = draft
  return {
    from,
    ...fields,
    subject,
    text,
    attachments,
    composeType,
    ...(inReplyTo === null ? {} : { inReplyTo }),
  }
}

function answerTo(desk: Desk, mail: OpenedMail, how: 'reply' | 'replyAll' | 'forward'): DraftStart {
  const me = desk.mailbox
  const recipient = (address: string): Recipient => ({ name: desk.nameOf(address), address, resolved: true })
  const others = mail.to
    .map(({ address }) => address)
    .filter((address) => address !== me && address !== mail.from.address)
  const quoted = `\n\n----\n${mail.from.name || mail.from.address}:\n${mail.text ?? ''}`
  const classification = /^X-Secflow-Classification:\s*(\S+)/im.exec(mail.header)?.[1]
  return {
    from: { name: desk.nameOf(me), address: me },
    to: how === 'forward' ? [] : [mail.from.address, ...(how === 'replyAll' ? others : [])].map(recipient),
    cc: how === 'replyAll' ? mail.cc.map(({ address }) => recipient(address)) : [],
    subject: `${how === 'forward' ? 'Fwd' : 'Re'}: ${mail.subject.replace(/^(?:(?:re|aw|fwd?|wg):\s*)+/i, '')}`,
    text: quoted,
    composeType: how === 'forward' ? 'forward' : 'reply',
    inReplyTo: mail.messageId,
    ...(classification ? { headers: [['X-Secflow-Classification', classification] as const] } : {}),
  }
}

void start()
