import { childOf, type Report, walk } from './finding.ts'
import type { Element } from './xml.ts'

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const NIL = '00000000-0000-0000-0000-000000000000'
const LANGUAGE = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?$/
const LENGTHS: Readonly<Record<string, number>> = { ProviderName: 125, DisplayName: 125, Description: 250 }
const PERMISSIONS = ['Restricted', 'ReadItem', 'ReadWriteItem', 'ReadWriteMailbox']
const NAMESPACE = 'http://schemas.microsoft.com/office/mailappversionoverrides'
const NAMESPACES: Readonly<Record<string, string>> = {
  VersionOverridesV1_0: NAMESPACE,
  VersionOverridesV1_1: `${NAMESPACE}/1.1`,
}

/** Id, version, names, permissions, requirement sets, namespaces. */
export function checkHead(root: Element, report: Report): void {
  const id = childOf(root, 'Id')
  if (id && (!GUID.test(id.text) || id.text === NIL)) report('id', id, 'Id is no GUID')
  const version = childOf(root, 'Version')
  if (version && !/^\d{1,5}(?:\.\d{1,5}){0,3}$/.test(version.text)) {
    report('version', version, 'Version is not of one to four numbers of at most five digits')
  }
  const locale = childOf(root, 'DefaultLocale')
  if (locale && !LANGUAGE.test(locale.text)) report('locale', locale, `DefaultLocale ${locale.text} is no language tag`)
  for (const child of root.children) {
    const longest = LENGTHS[child.name]
    if (longest === undefined) continue
    for (const text of [
      child.text || child.attributes.DefaultValue,
      ...child.children.map((one) => one.attributes.Value),
    ])
      if ((text ?? '').length > longest) report('length', child, `${child.name} is longer than ${longest} characters`)
  }
  const permissions = childOf(root, 'Permissions')
  if (permissions && !PERMISSIONS.includes(permissions.text)) report('permissions', permissions, 'no such permission')
  else if (permissions && PERMISSIONS.indexOf(permissions.text) < PERMISSIONS.indexOf('ReadWriteItem'))
    report('permissions', permissions, 'headers are written with ReadWriteItem or more')
  checkRequirements(root, report)
  for (const [one] of walk(root)) {
    if (one.name !== 'VersionOverrides') continue
    const wanted = NAMESPACES[one.attributes['xsi:type'] ?? '']
    if (one.attributes.xmlns !== wanted) report('namespace', one, `xmlns has to be ${wanted ?? NAMESPACE}`)
  }
}

function checkRequirements(root: Element, report: Report): void {
  const base = childOf(childOf(childOf(root, 'Requirements'), 'Sets'), 'Set')
  if (base && minor(base.attributes.MinVersion) > 5) {
    const why = 'Exchange of one’s own takes no more than 1.5'
    report('requirements', base, `the manifest asks for Mailbox ${base.attributes.MinVersion}: ${why}`, 'warning')
  }
  for (const [one] of walk(root)) {
    if (one.name === 'Set' && !/^\d+\.\d+$/.test(one.attributes.MinVersion ?? ''))
      report('requirements', one, 'MinVersion is missing or no version')
    if (one.name === 'bt:Sets' && minor(one.attributes.DefaultMinVersion) < 8)
      report('requirements', one, 'headers of a draft come with Mailbox 1.8')
  }
}

const minor = (version: string | undefined) => Number(/^1\.(\d+)$/.exec(version ?? '')?.[1] ?? Number.NaN)

/** Every address: https, not too long; AppDomains are origins. */
export function checkUrls(root: Element, report: Report): void {
  for (const [one, parents] of walk(root)) {
    if (one.name === 'AppDomain') {
      if (url(one.text)?.origin !== one.text) report('url', one, 'AppDomain is an origin without a path: https://host')
    } else {
      const inUrl = (element: Element | undefined) => /(?:Url|SourceLocation|bt:Image)$/.test(element?.name ?? '')
      const { DefaultValue, Value } = one.attributes
      const text = inUrl(one) ? DefaultValue : inUrl(parents.at(-1)) && /Override$/.test(one.name) ? Value : undefined
      if (text !== undefined) checkUrl(text, one, report)
    }
  }
}

function checkUrl(text: string, where: Element, report: Report): void {
  const read = url(text)
  if (!read) report('url', where, `${text} is no address`)
  else if (read.protocol !== 'https:') report('https', where, `${text} is not https`)
  else if (text.length > 2048) report('length', where, 'an address is longer than 2048 characters')
  else if (/^(?:localhost|127\.|\[::1\])/.test(read.host))
    report('url', where, `${read.host} is reached from this machine alone`, 'warning')
}

function url(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}

const EVENT_TYPES = new Set(
  [
    'OnNewMessageCompose OnMessageCompose OnMessageRecipientsChanged OnMessageAttachmentsChanged OnMessageFromChanged',
    'OnMessageSend OnInfoBarDismissClicked OnSensitivityLabelChanged OnMessageDecrypt OnMessageReadWithCustomHeader',
    'OnNewAppointmentOrganizer OnAppointmentOrganizer OnAppointmentAttendeesChanged OnAppointmentTimeChanged',
    'OnAppointmentRecurrenceChanged OnAppointmentAttachmentsChanged OnAppointmentFromChanged OnAppointmentSend',
  ].flatMap((line) => line.split(' ')),
)
const BLOCK = 'Block: nobody sends while the add-in cannot be loaded; for deployment by administrators only'
const SEND_MODES = ['PromptUser', 'SoftBlock', 'Block']

/** Events: known, once each on desktops and on phones, handled by the runtime that the manifest names. */
export function checkEvents(root: Element, report: Report): void {
  for (const [one, parents] of walk(root)) {
    if (one.name !== 'LaunchEvents') continue
    checkRuntime(one, parents, report)
    const seen = new Set<string>()
    for (const event of one.children) {
      const { Type = '' } = event.attributes
      if (seen.has(Type)) report('event', event, `${Type} stands twice`)
      seen.add(Type)
      checkEvent(event, report)
    }
  }
}

function checkEvent(event: Element, report: Report): void {
  const { Type = '', FunctionName = '', SendMode } = event.attributes
  if (!EVENT_TYPES.has(Type)) report('event', event, `there is no event ${Type}`)
  if (!/^[A-Za-z_$][\w$]*$/.test(FunctionName)) report('event', event, `${Type} names no function`)
  if (SendMode === undefined) return
  if (!Type.endsWith('Send')) report('event', event, `${Type} has no SendMode`)
  else if (!SEND_MODES.includes(SendMode)) report('event', event, `SendMode is one of ${SEND_MODES.join(', ')}`)
  else if (SendMode === 'Block') report('event', event, BLOCK, 'warning')
}

function checkRuntime(events: Element, parents: readonly Element[], report: Report): void {
  const page = childOf(parents.at(-1), 'SourceLocation')?.attributes.resid
  const host = parents.findLast(({ name }) => name === 'Host')
  const runtime = childOf(childOf(host, 'Runtimes'), 'Runtime')
  if (!runtime || runtime.attributes.resid !== page) report('runtime', events, 'no Runtime has the page of the events')
  else if (childOf(runtime, 'Override')?.attributes.type !== 'javascript')
    report('runtime', runtime, 'classic Outlook needs an Override of type javascript')
}
