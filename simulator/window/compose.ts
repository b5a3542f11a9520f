import type { DraftChange, Field, Person } from '../host/item.ts'
import { type DraftStart, newDraft } from '../host/new-draft.ts'
import { type Desk, everybody } from './desk.ts'
import { showAlert } from './dialog.ts'
import { button, h, icon, put } from './elements.ts'
import { attachmentOf, LARGEST, sizeText } from './files.ts'
import { drawBars } from './info-bars.ts'
import { paneDrawer } from './pane.ts'
import { recipientField } from './recipient-field.ts'
import { sendDraft } from './send.ts'
import { type ComposeSession, openSession } from './session.ts'
import { shownTheme } from './settings.ts'

export interface ComposeView {
  readonly element: HTMLElement
  readonly session: ComposeSession
  openPane(context?: string): Promise<void>
  /** Sends as the button does; whether it went. */
  send(): Promise<boolean>
  addFiles(files: readonly File[]): Promise<void>
  close(): void
}

/** The window in which a mail is written. */
export function composeView(desk: Desk, start: DraftStart): ComposeView {
  const words = desk.words()
  const { profile, language } = desk.settings
  const draft = newDraft(start)
  const addin = desk.isUser(draft.from.address)
  const bars = h('div', { class: 'bars' })
  const progress = h('p', { class: 'progress', role: 'status' })
  const files = h('ul', { class: 'files', 'aria-label': words.attach })
  const session = openSession(draft, words.pane, {
    profile,
    language: language === 'de' ? 'de-DE' : 'en-US',
    theme: () => shownTheme(desk.settings),
    faults: desk.faults,
    roaming: desk.roaming,
    redraw,
    closeItem: () => desk.leave(),
    addin,
  })
  const drawer = paneDrawer(desk.words, () => {
    session.closePane()
    protect.setAttribute('aria-pressed', 'false')
  })

  const book = everybody(desk.people).filter(({ address }) => address !== draft.from.address)
  const field = (name: Field) =>
    recipientField(name, draft, {
      label: words[name],
      words,
      book,
      changed: (fields) => session.item.changed('recipients', { fields }),
    })
  const lines = { to: field('to'), cc: field('cc'), bcc: field('bcc') }
  const copies = h(
    'div',
    { hidden: draft.fields.cc.length + draft.fields.bcc.length === 0 },
    lines.cc.element,
    lines.bcc.element,
  )
  const showCopies = button({ label: words.showCopies, class: 'link', 'aria-expanded': !copies.hidden }, () => {
    copies.hidden = !copies.hidden
    showCopies.setAttribute('aria-expanded', String(!copies.hidden))
  })
  const subject = h('input', {
    type: 'text',
    class: 'subject',
    'aria-label': words.subject,
    placeholder: words.subject,
    dir: 'auto',
    maxlength: '255',
    value: draft.subject,
    on: {
      input: () => {
        draft.subject = subject.value
      },
    },
  })
  const body = h('div', {
    class: 'body',
    contenteditable: 'true',
    role: 'textbox',
    'aria-multiline': 'true',
    'aria-label': words.body,
    dir: 'auto',
    on: {
      input: () => {
        draft.html = body.innerHTML
        draft.text = body.innerText
      },
    },
  })
  body.innerHTML = draft.html
  const chooser = h('input', {
    type: 'file',
    multiple: true,
    hidden: true,
    on: { change: () => void addFiles([...(chooser.files ?? [])]) },
  })
  const from = h(
    'select',
    { 'aria-label': words.from, on: { change: () => writeAs(from.value) } },
    fromChoices(desk, draft.from).map(({ name, address }) =>
      h('option', { value: address, selected: address === draft.from.address }, `${name} <${address}>`),
    ),
  )
  const protect = button(
    { icon: 'shield', label: words.protect, 'aria-pressed': 'false', disabled: !addin || !profile.composePane },
    () => (drawer.open ? closePane() : void openPane()),
  )
  const sendButton = button({ icon: 'send', label: words.send, class: 'primary send' }, () => void send())
  const element = h(
    'section',
    { class: 'compose', 'aria-label': words.newMail },
    h(
      'div',
      { class: 'ribbon', role: 'toolbar', 'aria-label': words.newMail },
      sendButton,
      button({ icon: 'clip', label: words.attach }, () => chooser.click()),
      protect,
      h('span', { class: 'grow' }),
      button({ icon: 'bin', label: words.discard, text: false }, () => desk.leave()),
    ),
    h(
      'div',
      { class: 'compose-and-pane' },
      h(
        'div',
        { class: 'sheet' },
        addin ? null : h('p', { class: 'hint' }, words.stranger),
        addin && !profile.composePane ? h('p', { class: 'hint' }, words.paneMissing) : null,
        bars,
        progress,
        h(
          'div',
          { class: 'line' },
          h('span', { class: 'line-label', 'aria-hidden': 'true' }, words.from),
          h('div', { class: 'line-content' }, from, showCopies),
        ),
        lines.to.element,
        copies,
        h('div', { class: 'line' }, subject),
        files,
        body,
        chooser,
      ),
      drawer.element,
    ),
  )
  redraw('attachments')

  function redraw(what: DraftChange): void {
    if (what === 'recipients') for (const line of Object.values(lines)) line.redraw()
    if (what === 'subject') subject.value = draft.subject
    if (what === 'body') body.innerHTML = draft.html
    if (what === 'notifications')
      drawBars(bars, draft.notifications, words, {
        dismissed: () => redraw('notifications'),
        action: () => void openPane(),
      })
    if (what === 'attachments') drawFiles()
  }

  function drawFiles(): void {
    put(
      files,
      draft.attachments.map((attachment) =>
        h(
          'li',
          { class: 'file' },
          icon('file'),
          h('bdi', {}, attachment.name),
          h('span', { class: 'quiet-text' }, sizeText(attachment.size, language)),
          button({ icon: 'close', label: `${words.remove}: ${attachment.name}`, text: false, class: 'quiet' }, () => {
            draft.attachments = draft.attachments.filter((one) => one !== attachment)
            session.item.changed('attachments', { attachment: { status: 'removed', attachment } })
          }),
        ),
      ),
    )
    files.hidden = draft.attachments.length === 0
  }

  async function addFiles(chosen: readonly File[]): Promise<void> {
    for (const file of chosen) {
      if (file.size > LARGEST) {
        await showAlert({
          title: file.name,
          text: words.tooLarge,
          choices: [{ id: 'stay', label: words.ok, primary: true }],
        })
        continue
      }
      const attachment = await attachmentOf(file, desk.filesLate)
      draft.attachments = [...draft.attachments, attachment]
      session.item.changed('attachments', { attachment: { status: 'added', attachment } })
    }
  }

  function writeAs(address: string): void {
    const person = everybody(desk.people).find((one) => one.address === address)
    if (!person) return
    draft.from = { name: person.name, address: person.address }
    session.item.changed('from')
  }

  async function openPane(context = ''): Promise<void> {
    if (!addin || !profile.composePane) return
    draft.context = context
    protect.setAttribute('aria-pressed', 'true')
    await drawer.show(() => session.openPane())
  }

  function closePane(): void {
    drawer.hide()
    session.closePane()
    protect.setAttribute('aria-pressed', 'false')
  }

  async function send(): Promise<boolean> {
    if (sendButton.disabled) return false
    sendButton.disabled = true
    try {
      const result = await sendDraft({
        session,
        profile,
        words,
        sendMode: desk.settings.sendMode,
        progress: (text) => {
          progress.textContent = text
        },
        openPane: (context) => void openPane(context),
      })
      if (!result) return false
      desk.sent(result, draft.from)
      return true
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      await showAlert({ title: words.notAccepted, text, choices: [{ id: 'stay', label: words.ok, primary: true }] })
      return false
    } finally {
      sendButton.disabled = false
    }
  }

  return {
    element,
    session,
    openPane,
    send,
    addFiles,
    close: () => session.close(),
  }
}

/** Users of the tenant may stand in for each other in the demo; whoever writes from outside is one of the others. */
function fromChoices(desk: Desk, current: Person): readonly Person[] {
  return desk.isUser(current.address) ? desk.people.users : desk.people.others
}
