import { randomBytes, randomUUID } from 'node:crypto'
import type {
  AuditEvent,
  CodeRecord,
  CopyRecord,
  Decision,
  DecisionInputRecord,
  GrantRecord,
  JobSpec,
  KeyRecord,
  LinkFileRecord,
  MessageId,
  MessageRecord,
  PersonRecord,
  PolicyVersionRecord,
  PortalSessionRecord,
} from '../../shared/domain/index.ts'

/** Records with every field set to something that a lossy store would lose. */
let made = 0

export function message(acceptedAt: number): MessageRecord {
  const time = acceptedAt.toString(16).padStart(12, '0')
  return {
    id: `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${(++made).toString(16).padStart(12, '0')}` as MessageId,
    state: 'accepted',
    envelope: {
      mailFrom: 'Sender@alpha.example',
      recipients: [{ address: 'one@peer.example', notify: ['FAILURE', 'DELAY'], orcpt: 'rfc822;one@peer.example' }],
      body: '8BITMIME',
      smtputf8: true,
      requireTls: false,
      ret: 'HDRS',
      envid: 'QQ314159',
    },
    origin: { channel: 'smtp', authenticated: 'auth', identity: 'anna', peer: '192.0.2.1', tls: 'TLSv1.3' },
    blob: randomUUID(),
    size: 120_000_000_000,
    digest: 'ab'.repeat(32),
    rfcMessageId: 'x@alpha.example',
    subject: 'Größe: "5 µm" \u{1f4e8}',
    acceptedAt,
    decision: null,
  }
}

export const decision: Decision = {
  decisionId: 'd',
  revision: 'r',
  recipients: [],
  copies: [{ recipients: [0], steps: [{ do: 'sign', with: 'smime' }] }],
  once: [],
}

export const copy = (of: MessageId): CopyRecord => ({
  id: randomUUID(),
  message: of,
  recipients: ['one@peer.example'],
  steps: [{ do: 'protect', method: 'pdf', password: { channel: 'sms', phone: '+4915112345678' } }],
  blob: randomUUID(),
  head: Buffer.from('Subject: of its own\r\n\r\n'),
  bodyStart: 120,
  size: 5,
  route: '',
  mailFrom: '',
  createdAt: 3,
})

export const linkFile = (of: MessageId): LinkFileRecord => ({
  id: randomUUID(),
  message: of,
  name: 'Größe.step',
  mediaType: 'model/step',
  size: 35_000_000,
  sha256: 'cd'.repeat(32),
  blob: randomUUID(),
  wrappedKey: 'a2V5',
  createdAt: 3,
})

export const grant = (of: MessageId): GrantRecord => ({
  id: randomUUID(),
  tokenHash: randomBytes(32).toString('hex'),
  message: of,
  recipient: 'one@peer.example',
  kind: 'files',
  access: 'portal-2fa',
  files: ['f1', 'f2'],
  content: { blob: 'b', wrappedKey: 'w' },
  reply: false,
  receipt: true,
  phone: '+4915112345678',
  expiresAt: 2_000_000_000_000,
  revokedAt: null,
  createdAt: 3,
})

export const code = (of: string): CodeRecord => ({
  id: randomUUID(),
  grant: of,
  channel: 'mail',
  codeHash: 'ef'.repeat(32),
  expiresAt: 2_000_000_000_000,
  attempts: 0,
  usedAt: null,
})

export const session = (of: string): PortalSessionRecord => ({
  tokenHash: randomBytes(32).toString('hex'),
  grant: of,
  factors: ['code'],
  expiresAt: 2_000_000_000_000,
})

export const key = (): KeyRecord => ({
  id: randomBytes(32).toString('hex'),
  kind: 'smime',
  use: 'own',
  address: 'anna@alpha.example',
  publicText: '-----BEGIN CERTIFICATE-----',
  sealedPrivate: new Uint8Array(randomBytes(48)),
  revokedAt: null,
  createdAt: 3,
})

export const person = (address: string, role: string): PersonRecord => ({
  address,
  name: 'Anna Größe',
  user: true,
  department: 'Radiologie',
  location: null,
  role,
  groups: ['board', 'it'],
  country: 'DE',
  language: 'de',
  phone: '+4915112345678',
  portalAccount: false,
  lastContact: '2026-01-01T00:00:00Z',
  sendsAs: ['radiologie@klinik.example'],
  passwordHash: null,
})

export const job = (fields: Partial<JobSpec>): JobSpec => ({
  queue: 'process',
  message: null,
  lane: '',
  step: 'step',
  payload: null,
  runAt: 0,
  ...fields,
})

export const event = (of: MessageId | null, detail: Record<string, unknown> = {}): AuditEvent => ({
  time: 1_800_000_000_000,
  type: 'message.accepted',
  message: of,
  actor: 'gateway',
  detail,
})

export function policyVersion(serial: number): PolicyVersionRecord {
  return {
    serial,
    revision: String(serial % 10).repeat(64),
    bundle: '{"payload":"\u00fc\ud83d\udce8"}',
    author: serial % 2 === 0 ? null : 'anna',
    appliedAt: 1_800_000_000_000 + serial,
    appliedBy: 'bert@alpha.example',
    note: 'Größere Anhänge',
  }
}

export function decisionInput(at: number): DecisionInputRecord {
  return {
    message: message(at).id,
    at,
    input: {
      time: new Date(at).toISOString(),
      message: {
        direction: 'outbound',
        subject: 'Größe',
        classification: 'internal',
        size: 120_000_000_000,
        header: { 'x-case': ['1', '2'] },
        authenticated: true,
        source: 'smtp',
        language: null,
        bodyText: '',
        content: 'plain',
        autoSubmitted: false,
        defects: [],
      },
      sender: { address: 'a@alpha.example', domain: 'alpha.example', tenant: 'alpha', ours: true },
      recipients: [],
      intent: { classification: null, protection: [], source: 'none' },
    },
    redacted: true,
    rules: ['a', 'b'],
  }
}
