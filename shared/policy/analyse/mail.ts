/** Everyday facts, and how single ones are written into them. */
import type { AttachmentFacts, MessageFacts, PolicyInput, RecipientFacts, SenderFacts } from '../../domain/index.ts'
import type { TenantLabels } from '../labels.ts'
import { fieldOf } from '../registry/conditions.ts'
import { types } from '../registry/types.ts'

/** A fact to be written: undefined is unknown, null is absent. */
export type Candidate = string | number | boolean | readonly string[] | null | undefined

type Open<X> = { -readonly [K in keyof X]: X[K] }

/** A mail under construction, for one recipient. */
export interface Mail {
  readonly ours: string
  time: string
  readonly message: Open<MessageFacts>
  readonly sender: Open<SenderFacts>
  readonly recipient: Open<RecipientFacts>
  readonly intent: { protection: PolicyInput['intent']['protection'] }
  attachments: readonly AttachmentFacts[] | undefined
  /** There is also an external recipient. */
  mixed: boolean
}

export function everyday(labels: TenantLabels, setting: { readonly ours: string; readonly time?: string }): Mail {
  return {
    ours: setting.ours,
    time: setting.time ?? '2026-01-14T10:00:00+01:00',
    message: {
      direction: 'outbound',
      subject: 'Hello',
      classification: labels.default.id,
      size: 10_000,
      header: {},
      authenticated: true,
      source: 'smtp',
      language: null,
      bodyText: 'Hello',
      content: 'plain',
      autoSubmitted: false,
      defects: [],
    },
    sender: {
      address: `sender@${setting.ours}`,
      domain: setting.ours,
      displayName: null,
      department: null,
      location: null,
      role: null,
      groups: [],
      tenant: 'tenant',
      ours: true,
    },
    recipient: {
      address: 'recipient@elsewhere.example',
      domain: 'elsewhere.example',
      external: true,
      direction: 'outbound',
      displayName: null,
      groups: [],
      country: null,
      language: null,
      phoneKnown: false,
      keys: { smime: 'none', pgp: 'none' },
      portalAccount: false,
      lastContact: null,
      tls: 'opportunistic',
      bcc: false,
    },
    intent: { protection: [] },
    attachments: [],
    mixed: false,
  }
}

export function copyOf(mail: Mail): Mail {
  const { message, sender, recipient, intent } = mail
  return {
    ...mail,
    message: { ...message },
    sender: { ...sender },
    recipient: { ...recipient, keys: { ...recipient.keys } },
    intent: { ...intent },
  }
}

/** The input, with directions as the gateway derives them. */
export function mailOf({ time, message, sender, recipient, intent, attachments, mixed }: Mail): PolicyInput {
  const { external } = recipient
  const direction = !sender.ours ? 'inbound' : external || mixed ? 'outbound' : 'internal'
  const own: RecipientFacts = { ...recipient, direction: !sender.ours ? 'inbound' : external ? 'outbound' : 'internal' }
  const other: RecipientFacts = {
    address: 'somebody@elsewhere.example',
    domain: 'elsewhere.example',
    external: true,
    direction: sender.ours ? 'outbound' : 'inbound',
    keys: { smime: 'none', pgp: 'none' },
    groups: [],
    phoneKnown: false,
    tls: 'opportunistic',
    bcc: false,
  }
  return {
    time,
    message: { ...message, direction },
    sender: { ...sender },
    recipients: mixed && sender.ours && !external ? [own, other] : [own],
    ...(attachments === undefined ? {} : { attachments }),
    intent: { classification: null, protection: intent.protection, source: 'none' },
  }
}

const MESSAGE: Readonly<Record<string, string>> = { body: 'bodyText' }

/** Writes one fact; false when the field has no known place. */
export function writeMail(mail: Mail, name: string, value: Candidate): boolean {
  const [stem, key = '', ...rest] = name.split('.')
  if (name === 'message.time') mail.time = text(name, value) ?? ''
  else if (name === 'message.protection')
    mail.intent.protection = (Array.isArray(value) ? value : []).map((token) => ({ token }))
  else if (stem === 'message' && key === 'header')
    mail.message.header =
      value === null || value === undefined
        ? {}
        : { ...mail.message.header, [rest.join('.').toLowerCase()]: list(value) }
  else if (stem === 'message') set(mail.message, MESSAGE[key] ?? key, name, value)
  else if (name === 'sender.ours') {
    mail.sender.ours = value === true
    address(mail.sender, mail.sender.ours ? `sender@${mail.ours}` : 'stranger@elsewhere.example')
  } else if (name === 'recipient.external') {
    mail.recipient.external = value === true
    address(mail.recipient, mail.recipient.external ? 'recipient@elsewhere.example' : `recipient@${mail.ours}`)
  } else if (stem === 'recipient' && key === 'keys') set(mail.recipient.keys as object, rest[0] ?? '', name, value)
  else if ((stem === 'sender' || stem === 'recipient') && (key === 'address' || key === 'domain')) {
    const who = stem === 'sender' ? mail.sender : mail.recipient
    const local = who.address.slice(0, who.address.lastIndexOf('@'))
    address(who, key === 'address' ? String(value) : `${local}@${String(value)}`)
  } else if (stem === 'sender') set(mail.sender, key, name, value)
  else if (stem === 'recipient') set(mail.recipient, key, name, value)
  else return false
  return true
}

/** Writes one fact of a file; name, type and extension go together. */
export function writeFile(file: Open<AttachmentFacts>, name: string, value: Candidate): boolean {
  const key = name.slice('attachment.'.length)
  if (key === 'type') {
    const [type] = list(value)
    file.type = type ?? null
    if (type !== undefined && /^[\w]{1,10}$/.test(type)) {
      file.extension = type
      file.name = `file${file.index}.${type}`
    }
    return true
  }
  if (key === 'extension') file.name = `file${file.index}.${String(value)}`
  return set(file, key, name, value)
}

function address(who: { address: string; domain: string }, full: string): void {
  who.address = full
  who.domain = full.slice(full.lastIndexOf('@') + 1)
}

function set(target: object, key: string, name: string, value: Candidate): boolean {
  const record = target as Record<string, unknown>
  const field = fieldOf(name)
  if (value === undefined) delete record[key]
  else if (field && types[field.type].many) record[key] = value === null ? [] : list(value)
  else record[key] = field?.type === 'time' && value !== null ? text(name, value) : value
  return true
}

function list(value: Candidate): readonly string[] {
  if (value === null || value === undefined) return []
  return Array.isArray(value) ? value : [String(value)]
}

/** Times are candidates in epoch milliseconds and facts in ISO 8601. */
function text(name: string, value: Candidate): string | undefined {
  if (typeof value !== 'number') return typeof value === 'string' ? value : undefined
  const at = new Date(value)
  return name !== '' && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined
}
