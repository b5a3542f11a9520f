import type { OfficeFrame } from '../host/frame.ts'
import type { HostItem, ReceivedMail } from '../host/item.ts'
import type { Desk } from './desk.ts'
import { button, h, type IconName, icon, put } from './elements.ts'
import { sizeText } from './files.ts'
import { drawBars } from './info-bars.ts'
import { paneDrawer } from './pane.ts'
import { loadMail, type MailLine, type Method, mailPath, type OpenedMail } from './server.ts'
import { openReadPane } from './session.ts'
import { shownTheme } from './settings.ts'

export const METHOD_ICONS: Readonly<Record<Method, IconName>> = {
  smime: 'lock',
  pgp: 'lock',
  pdf: 'file',
  portal: 'link',
  signed: 'check',
  plain: 'mail',
}

export interface ReadView {
  readonly element: HTMLElement
  close(): void
}

/** A delivered mail, as its recipient sees it. */
export function readView(desk: Desk, line: MailLine): ReadView {
  const words = desk.words()
  const element = h('section', { class: 'read', 'aria-label': words.reading, 'aria-busy': 'true' })
  let frame: OfficeFrame | null = null
  loadMail(line).then(
    (mail) => {
      element.ariaBusy = 'false'
      show(mail)
    },
    (error: unknown) => {
      element.ariaBusy = 'false'
      put(element, h('p', { class: 'empty' }, String(error)))
    },
  )

  function show(mail: OpenedMail): void {
    const { language } = desk.settings
    const bars = h('div', { class: 'bars' })
    const item: Extract<HostItem, { kind: 'read' }> = {
      kind: 'read',
      mail: received(mail, line),
      notifications: new Map(),
      changed: () => drawBars(bars, item.notifications, words, { dismissed: () => item.changed(), action: openPane }),
    }
    const drawer = paneDrawer(desk.words, closePane)
    const protection = button({ icon: 'shield', label: words.protection, 'aria-pressed': 'false' }, () =>
      drawer.open ? drawer.close() : openPane(),
    )
    function openPane(): void {
      protection.setAttribute('aria-pressed', 'true')
      const user = { name: desk.nameOf(line.address), address: line.address }
      void drawer.show(() => {
        frame = openReadPane(item, user, words.pane, {
          profile: desk.settings.profile,
          language: language === 'de' ? 'de-DE' : 'en-US',
          theme: () => shownTheme(desk.settings),
          faults: desk.faults,
          roaming: desk.roaming,
        })
        return frame
      })
    }
    function closePane(): void {
      frame?.close()
      frame = null
      protection.setAttribute('aria-pressed', 'false')
    }
    const source = h('pre', { class: 'source', hidden: true, tabindex: '0' }, mail.header)
    const body = h('iframe', {
      title: words.body,
      class: 'letter',
      src: `/simulator/${mailPath(line)}/body`,
      sandbox: 'allow-popups',
    })
    put(
      element,
      h(
        'div',
        { class: 'ribbon', role: 'toolbar', 'aria-label': words.reading },
        button({ icon: 'reply', label: words.reply }, () => desk.answer(mail, 'reply')),
        button({ icon: 'replyAll', label: words.replyAll, class: 'wide' }, () => desk.answer(mail, 'replyAll')),
        button({ icon: 'forward', label: words.forward, class: 'wide' }, () => desk.answer(mail, 'forward')),
        desk.isUser(line.address) ? protection : null,
        h('span', { class: 'grow' }),
        button({ icon: 'code', label: words.source, text: false, 'aria-expanded': 'false' }, () => {
          source.hidden = !source.hidden
        }),
      ),
      h(
        'div',
        { class: 'compose-and-pane' },
        h(
          'div',
          { class: 'sheet' },
          bars,
          h('h2', { class: 'read-subject', dir: 'auto' }, mail.subject || '–'),
          h(
            'dl',
            { class: 'envelope' },
            h('dt', {}, words.from),
            h('dd', {}, h('bdi', {}, mail.from.name || desk.nameOf(mail.from.address)), ` <${mail.from.address}>`),
            h('dt', {}, words.to),
            h('dd', {}, mail.to.map(({ address }) => desk.nameOf(address)).join('; ')),
            mail.cc.length > 0
              ? [h('dt', {}, words.cc), h('dd', {}, mail.cc.map(({ address }) => desk.nameOf(address)).join('; '))]
              : [],
          ),
          protectionCard(desk, mail),
          source,
          attachmentList(desk, mail, line),
          mail.text === null ? h('p', { class: 'empty' }, words.notOpened) : body,
        ),
        drawer.element,
      ),
    )
  }

  return {
    element,
    close: () => frame?.close(),
  }
}

function protectionCard(desk: Desk, mail: OpenedMail): HTMLElement {
  const words = desk.words()
  const { language } = desk.settings
  const sealed = mail.method === 'smime' || mail.method === 'pgp'
  const sentence = mail.layers.length > 0 ? mail.verdict.words[language] : ''
  return h(
    'div',
    { class: `protection ${mail.method}` },
    icon(METHOD_ICONS[mail.method]),
    h(
      'div',
      {},
      h('strong', {}, words[mail.method]),
      sealed && mail.text !== null ? h('span', {}, ` · ${words.opened}`) : null,
      sentence ? h('p', {}, sentence) : null,
      mail.method === 'pdf' ? h('p', {}, words.passwordBySms) : null,
      mail.layers.length > 1
        ? h(
            'ul',
            {},
            mail.layers.map(({ words: said }) => h('li', {}, said[language])),
          )
        : null,
      mail.link
        ? h(
            'a',
            { class: 'as-button', href: mail.link, target: '_blank', rel: 'noopener' },
            icon('link'),
            words.openPortal,
          )
        : null,
    ),
  )
}

function attachmentList(desk: Desk, mail: OpenedMail, line: MailLine): HTMLElement | null {
  if (mail.attachments.length === 0) return null
  const words = desk.words()
  return h(
    'ul',
    { class: 'files' },
    mail.attachments.map(({ name, size }, at) =>
      h(
        'li',
        {},
        h(
          'a',
          {
            class: 'file',
            href: `/simulator/${mailPath(line)}/files/${at}`,
            download: name,
            title: words.download,
          },
          icon('file'),
          h('bdi', {}, name || '–'),
          h('span', { class: 'quiet-text' }, sizeText(size, desk.settings.language)),
        ),
      ),
    ),
  )
}

function received(mail: OpenedMail, line: MailLine): ReceivedMail {
  const { messageId, from, to, cc, subject, text, header } = mail
  return {
    id: `${line.address}/${line.name}`,
    messageId: `<${messageId}>`,
    from,
    to,
    cc,
    subject,
    text: text ?? '',
    header,
    date: mail.date ?? Date.parse(line.at),
    attachments: mail.attachments.map(({ name, type, size }, at) => ({
      id: String(at),
      name,
      type,
      size,
      inline: false,
      content: '',
    })),
  }
}
