/** Fixtures of policy tests: short descriptions of mails, senders and people, filled up to a whole PolicyInput. */
import type {
  AttachmentFacts,
  Intent,
  KeyState,
  MessageFacts,
  PolicyInput,
  Protection,
  RecipientFacts,
  SenderFacts,
} from '../../domain/index.ts'
import type { Findings } from '../diagnostic.ts'
import { entryOf, type MapNode, member, type Node, plain } from '../parse/node.ts'
import { checkKeys } from '../parse/shape.ts'
import type { Policy } from '../policy.ts'
import { comparableDomain } from '../text/domain.ts'
import { nearest } from '../text/nearest.ts'
import { sizeInBytes } from '../text/units.ts'

export interface Fixtures {
  readonly messages: ReadonlyMap<string, Node>
  readonly senders: ReadonlyMap<string, Node>
  readonly recipients: ReadonlyMap<string, Node>
}

type Plain = Readonly<Record<string, unknown>>

/** Names of one family of fixtures in a document. */
export function fixturesOf(root: Node, key: 'messages' | 'senders' | 'recipients'): ReadonlyMap<string, Node> {
  const node = member(root, key)
  return new Map(node?.kind === 'map' ? node.entries.map((entry) => [entry.key, entry.value]) : [])
}

const MESSAGE_KEYS = [
  'direction',
  'subject',
  'classification',
  'size',
  'header',
  'authenticated',
  'authentication',
  'auth',
  'opened',
  'replyTo',
  'source',
  'language',
  'bodyText',
  'bodyCut',
  'content',
  'autoSubmitted',
  'defects',
  'attachments',
  'sender',
  'intent',
  'time',
]
const SENDER_KEYS = [
  'address',
  'domain',
  'displayName',
  'department',
  'location',
  'role',
  'groups',
  'country',
  'language',
  'tenant',
  'ours',
]
const RECIPIENT_KEYS = [
  'address',
  'domain',
  'external',
  'direction',
  'displayName',
  'groups',
  'department',
  'location',
  'role',
  'country',
  'language',
  'phoneKnown',
  'phoneGiven',
  'keys',
  'portalAccount',
  'lastContact',
  'tls',
  'bcc',
]
const FILE_KEYS = [
  'name',
  'otherNames',
  'within',
  'opaque',
  'extension',
  'type',
  'declaredType',
  'mismatch',
  'size',
  'encrypted',
  'macro',
  'archiveDepth',
  'hash',
  'text',
  'textCut',
]

/** `unknown` as a value means that the look-up failed. */
function known(object: Plain): Plain {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== 'unknown'))
}

function checked(node: Node | null, keys: readonly string[], findings: Findings): Plain {
  if (node?.kind !== 'map') return {}
  checkKeys(node.entries, keys, findings)
  return plain(node) as Plain
}

/** The node itself, or the fixture it names. */
export function resolve(node: Node, family: ReadonlyMap<string, Node>, findings: Findings): Node | null {
  if (node.kind !== 'scalar') return node
  const found = family.get(String(node.value))
  if (!found)
    findings.add('unknown-field', node.at, { name: String(node.value) }, nearest(String(node.value), family.keys()))
  return found ?? null
}

/** A whole input from `input:` of a test; null after a finding. */
export function inputOf(
  input: MapNode,
  fixtures: Fixtures,
  now: string,
  policy: Policy,
  findings: Findings,
): PolicyInput | null {
  const before = findings.list.length
  checkKeys(input.entries, ['message', 'sender', 'recipients', 'intent', 'time'], findings)
  const messageNode = member(input, 'message')
  const message = messageNode ? resolve(messageNode, fixtures.messages, findings) : null
  const senderNode = member(input, 'sender') ?? member(message, 'sender')
  const sender = senderNode ? resolve(senderNode, fixtures.senders, findings) : null
  const people = entryOf(input, 'recipients')?.value
  const recipientNodes = people?.kind === 'list' ? people.items : []
  if (!messageNode) findings.add('missing-key', input.at, { name: 'message' })
  if (recipientNodes.length === 0) findings.add('missing-key', input.at, { name: 'recipients' })
  const recipients = recipientNodes.map((node) => recipientOf(resolve(node, fixtures.recipients, findings), findings))
  const facts = checked(message, MESSAGE_KEYS, findings)
  const wish = member(input, 'intent') ?? member(message, 'intent')
  const time = member(input, 'time') ?? member(message, 'time')
  const attachments = filesOf(member(message, 'attachments'), findings)
  const result: PolicyInput = {
    time: time ? String(plain(time)) : now,
    message: messageOf(facts, recipients, attachments, policy),
    sender: senderOf(checked(sender, SENDER_KEYS, findings)),
    recipients,
    ...(attachments ? { attachments } : {}),
    intent: intentOf(wish ? (plain(wish) as Plain) : {}),
  }
  return findings.list.length > before ? null : result
}

function messageOf(
  facts: Plain,
  recipients: readonly RecipientFacts[],
  attachments: readonly AttachmentFacts[] | undefined,
  policy: Policy,
): MessageFacts {
  const { attachments: _a, sender: _s, intent: _i, time: _t, size, header, classification, ...rest } = facts
  const files = attachments?.reduce((sum, file) => sum + file.size, 0) ?? 0
  const headers = Object.entries((header ?? {}) as Plain).map(([name, value]) => [
    name.toLowerCase(),
    Array.isArray(value) ? value.map(String) : [String(value)],
  ])
  return known({
    direction: recipients.every((recipient) => !recipient.external) ? 'internal' : 'outbound',
    subject: '',
    authenticated: true,
    authentication: 'auth',
    opened: null,
    replyTo: null,
    source: 'smtp',
    bodyText: '',
    language: null,
    content: 'plain',
    autoSubmitted: false,
    defects: [],
    ...rest,
    size: sizeInBytes(String(size ?? files + 2000)) ?? 0,
    classification: policy.tenantLabels.resolve(classification === undefined ? null : String(classification)),
    header: Object.fromEntries(headers) as Record<string, string[]>,
  }) as unknown as MessageFacts
}

function senderOf(facts: Plain): SenderFacts {
  const address = String(facts['address'] ?? 'sender@tenant.example')
  return known({
    address,
    domain: domainOf(address),
    displayName: null,
    department: null,
    location: null,
    role: null,
    groups: [],
    country: null,
    language: null,
    tenant: 'demo',
    ours: true,
    ...facts,
  }) as unknown as SenderFacts
}

function recipientOf(node: Node | null, findings: Findings): RecipientFacts {
  const facts = checked(node, RECIPIENT_KEYS, findings)
  const address = String(facts['address'] ?? 'recipient@elsewhere.example')
  const external = facts['external'] !== false
  return known({
    address,
    domain: domainOf(address),
    external,
    direction: external ? 'outbound' : 'internal',
    displayName: null,
    groups: [],
    department: null,
    location: null,
    role: null,
    country: null,
    language: null,
    phoneKnown: false,
    portalAccount: false,
    lastContact: null,
    tls: 'opportunistic',
    bcc: false,
    ...facts,
    keys: known({ smime: 'none', pgp: 'none', ...(facts['keys'] as Plain | undefined) }) as Record<string, KeyState>,
  }) as unknown as RecipientFacts
}

function domainOf(address: string): string {
  return comparableDomain(address.slice(address.lastIndexOf('@') + 1))
}

/** Undefined when the fixture says `attachments: unknown`. */
function filesOf(node: Node | null, findings: Findings): readonly AttachmentFacts[] | undefined {
  if (node === null) return []
  if (node.kind !== 'list') return undefined
  return node.items.map((item, index) => {
    const facts = checked(item, FILE_KEYS, findings)
    const name = String(facts['name'] ?? '')
    const extension = name.includes('.') ? name.slice(name.lastIndexOf('.') + 1).toLowerCase() : ''
    return known({
      name,
      extension,
      type: extension === '' ? null : extension,
      declaredType: 'application/octet-stream',
      mismatch: false,
      encrypted: false,
      macro: false,
      archiveDepth: 0,
      text: null,
      ...facts,
      index,
      size: sizeInBytes(String(facts['size'] ?? 1000)) ?? 0,
    }) as unknown as AttachmentFacts
  })
}

function intentOf(facts: Plain): Intent {
  const protection = (Array.isArray(facts['protection']) ? facts['protection'] : []).map((wish: unknown) =>
    typeof wish === 'string' ? { token: wish } : wish,
  ) as Protection[]
  return {
    classification: null,
    source: protection.length > 0 ? 'header' : 'none',
    ...facts,
    protection,
  } as Intent
}
