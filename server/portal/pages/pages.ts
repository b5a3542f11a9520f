/** The portal's pages: each a function from what is known to a document. No script, every form works without one. */
import { catalogue, type FaultCode } from '../../../shared/fault/index.ts'
import { archiveSize, type Download } from '../download.ts'
import { type Factor, factorsOf, mayReplyTo, type OpenLink } from '../links.ts'
import type { PortalMessage } from '../services.ts'
import { html, type Markup, page } from './html.ts'
import { stylesheetUrl } from './style.ts'
import { maskedAddress, maskedPhone, type PortalLanguage, portalWords } from './words.ts'

/** Where the reader is and in which language. */
export interface Place {
  readonly language: PortalLanguage
  /** Path of the link, `/portal/<tenant>/<token>`. */
  readonly base: string
  /** Path of the page itself, where it can be asked for again. */
  readonly here: string
  /** A session stands that can be left. */
  readonly signedIn: boolean
  /** Bytes that an answer may have. */
  readonly uploadLimit: number
}

/** Who wrote, until when, and the button that sends the next code. */
export function landingPage(place: Place, link: OpenLink, next: Factor): string {
  const words = portalWords[place.language]
  const { grant, message } = link
  const heading = grant.kind === 'files' ? words.filesHeading(grant.files.length) : words.messageHeading
  return frame(
    place,
    heading,
    html`<section class="card">
  ${stepOf(place, link, next)}
  <h1>${heading}</h1>
  <p>${words.landingFrom(message.envelope.mailFrom)}</p>
  <p>${next === 'code' ? words.landingMail(maskedAddress(grant.recipient)) : words.landingSms(maskedPhone(grant.phone ?? ''))}</p>
  <form method="post" action="${place.base}/${next}/send"><button>${next === 'code' ? words.sendMail : words.sendSms}</button></form>
  <p class="hint">${words.landingUntil(words.date(grant.expiresAt))}</p>
</section>`,
  )
}

/** Entry of a code; `fault` is what the last try met. */
export function codePage(place: Place, link: OpenLink, factor: Factor, fault: FaultCode | null): string {
  const words = portalWords[place.language]
  const to = factor === 'code' ? maskedAddress(link.grant.recipient) : maskedPhone(link.grant.phone ?? '')
  const heading = words.codeHeading[factor]
  return frame(
    place,
    fault ? `${words.error}: ${heading}` : heading,
    html`<section class="card">
  ${stepOf(place, link, factor)}
  <h1>${heading}</h1>
  <p id="sent">${words.codeSent[factor](to)}</p>
  ${alert(place, fault === 'code-wrong' ? words.codeWrong : fault && explain(place, fault)[1])}
  <form method="post" action="${place.base}/${factor}">
    <label for="code">${words.codeLabel}</label>
    <input class="code" id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="20" required
      autofocus spellcheck="false" aria-describedby="${fault ? 'error hint' : 'hint'}" ${fault && html`aria-invalid="true"`}>
    <p class="hint" id="hint">${words.codeHint}</p>
    <button>${words.verify}</button>
  </form>
  <form method="post" action="${place.base}/${factor}/send"><button class="quiet">${words.again}</button></form>
</section>`,
  )
}

/** Files behind a link, with sizes and checksums. */
export function filesPage(place: Place, link: OpenLink, files: readonly Download[], fault?: string): string {
  const words = portalWords[place.language]
  const heading = words.filesHeading(files.length)
  const all = archiveSize(files)
  return frame(
    place,
    heading,
    html`<section class="card">
  <h1>${heading}</h1>
  <p>${words.landingFrom(link.message.envelope.mailFrom)} ${words.landingUntil(words.date(link.grant.expiresAt))}</p>
  ${fileList(place, files, 'files')}
  ${all !== null && html`<p><a class="button" href="${place.base}/files.zip" download>${words.downloadAll(words.bytes(all))}</a></p>`}
  <p class="hint">${words.checksumHint}</p>
</section>
${mayReplyTo(link) && replyForm(place, link, fault ?? null)}`,
  )
}

/** A message with its attachments and the form for an answer; `plain` shows the text even when there is HTML. */
export function messagePage(
  place: Place,
  link: OpenLink,
  of: {
    readonly mail: PortalMessage
    readonly attachments: readonly Download[]
    readonly files: readonly Download[]
    readonly plain: boolean
    readonly fault: string | undefined
  },
): string {
  const words = portalWords[place.language]
  const { mail } = of
  const subject = mail.subject || words.subjectNone
  const formatted = mail.html !== null && !of.plain
  return frame(
    place,
    subject,
    html`<article class="card">
  <h1>${subject}</h1>
  <dl>
    <dt>${words.from}</dt><dd>${mail.from}</dd>
    <dt>${words.to}</dt><dd>${mail.to.join(', ')}</dd>
    <dt>${words.dated}</dt><dd><time datetime="${new Date(mail.date).toISOString()}">${words.date(mail.date)}</time></dd>
  </dl>
  ${
    formatted
      ? html`<iframe class="${mail.text.length < 500 ? 'short' : 'long'}" sandbox="allow-popups allow-popups-to-escape-sandbox" src="${place.base}/body" title="${words.body}"></iframe>`
      : html`<div class="text">${mail.text}</div>`
  }
  ${mail.html !== null && html`<p><a href="${place.base}?view=${formatted ? 'text' : 'html'}">${formatted ? words.asText : words.asHtml}</a></p>`}
</article>
${
  of.attachments.length + of.files.length > 0 &&
  html`<section class="card" aria-labelledby="attachments"><h2 id="attachments">${words.attachments}</h2>
  ${fileList(place, of.attachments, 'attachments')}${fileList(place, of.files, 'files')}</section>`
}
${mayReplyTo(link) && replyForm(place, link, of.fault ?? null)}
<p class="hint">${words.landingUntil(words.date(link.grant.expiresAt))}</p>`,
  )
}

/** After a reply was accepted. */
export function donePage(place: Place, link: OpenLink): string {
  const words = portalWords[place.language]
  return frame(
    place,
    words.doneHeading,
    html`<section class="card" role="status"><h1>${words.doneHeading}</h1>
  <p>${words.done(link.message.envelope.mailFrom)}</p>
  <p><a class="button" href="${place.base}">${words.back}</a></p></section>`,
  )
}

/** After signing out. */
export function leftPage(place: Place): string {
  const words = portalWords[place.language]
  return frame(
    { ...place, signedIn: false },
    words.leftHeading,
    html`<section class="card"><h1>${words.leftHeading}</h1><p>${words.left}</p></section>`,
  )
}

/** What went wrong, in the reader's words, and what they can do. */
export function errorPage(place: Place, code: FaultCode, reference: string): string {
  const words = portalWords[place.language]
  const [heading, text] = explain(place, code)
  const dead = code === 'link-unknown' || code === 'link-expired' || code === 'link-revoked'
  return frame(
    place,
    heading,
    html`<section class="card" role="alert"><h1>${heading}</h1><p>${text}</p>
  ${!dead && place.base !== '' && html`<p><a class="button" href="${place.base}">${words.tryAgain}</a></p>`}
  <p class="hint">${words.reference(reference)}</p></section>`,
  )
}

function explain({ language }: Place, code: FaultCode): readonly [string, string] {
  const { errors, otherError } = portalWords[language]
  if (Object.hasOwn(errors, code)) return errors[code as keyof typeof errors]
  const definition = catalogue[code]
  return definition.http >= 500 ? otherError : [definition.title[language], otherError[1]]
}

function stepOf({ language }: Place, { grant }: OpenLink, factor: Factor): Markup | false {
  const factors = factorsOf(grant.access)
  return (
    factors.length > 1 &&
    html`<p class="step">${portalWords[language].step(factors.indexOf(factor) + 1, factors.length)}</p>`
  )
}

/** Always there, so that a screen reader announces what comes into it. */
function alert({ language }: Place, text: string | null): Markup {
  if (!text) return html`<div aria-live="assertive"></div>`
  return html`<div class="alert" role="alert" id="error"><p><strong>${portalWords[language].error}.</strong> ${text}</p></div>`
}

function fileList(
  { language, base }: Place,
  files: readonly Download[],
  folder: 'files' | 'attachments',
): Markup | false {
  const words = portalWords[language]
  return (
    files.length > 0 &&
    html`<ul class="files">${files.map(
      (file) => html`<li><div><span class="name">${file.name}</span> <span class="soft">${words.bytes(file.size)}</span>
      ${file.sha256 && html`<span class="hash">${words.checksum} ${file.sha256}</span>`}</div>
      <a class="button" href="${base}/${folder}/${file.id}" aria-label="${words.download}: ${file.name}" download>${words.download}</a></li>`,
    )}</ul>`
  )
}

function replyForm(place: Place, { message }: OpenLink, fault: string | null): Markup {
  const words = portalWords[place.language]
  return html`<section class="card" aria-labelledby="reply"><h2 id="reply">${words.replyHeading}</h2>
  <p class="soft">${words.replyTo(message.envelope.mailFrom)}</p>
  ${alert(place, fault)}
  <form method="post" action="${place.base}/reply" enctype="multipart/form-data">
    <label for="text">${words.replyText}</label>
    <textarea id="text" name="text" maxlength="100000"></textarea>
    <label for="files">${words.replyFiles}</label>
    <input id="files" name="files" type="file" multiple aria-describedby="limit">
    <p class="hint" id="limit">${words.replyFilesHint(words.bytes(place.uploadLimit))}</p>
    <button>${words.replySend}</button>
  </form></section>`
}

function frame(place: Place, title: string, body: Markup): string {
  const words = portalWords[place.language]
  const other = place.language === 'de' ? 'en' : 'de'
  return page({
    language: place.language,
    title: `${title} · ${words.product}`,
    stylesheet: stylesheetUrl,
    header: html`<a class="skip" href="#main">${words.skip}</a>
<header class="top"><span class="brand">${words.product}</span><span>
<a href="${place.here}?lang=${other}" lang="${other}" hreflang="${other}">${words.otherLanguage}</a></span></header>`,
    body,
    footer: html`<footer class="foot">${
      place.signedIn &&
      html`<form method="post" action="${place.base}/leave"><button class="quiet">${words.leave}</button></form>`
    }<p>${words.footer}</p></footer>`,
  })
}
