/** What is kept of a mail: rows of the database, each under its tenant (the repository's handle adds it). Times are epoch milliseconds. */
import type { Decision, Step } from './decision.ts'
import type { Envelope, Origin } from './envelope.ts'
import type { PolicyInput } from './facts.ts'
import type { MessageId } from './ids.ts'

export type MessageState = 'accepted' | 'planned' | 'done'

export interface MessageRecord {
  readonly id: MessageId
  readonly state: MessageState
  readonly envelope: Envelope
  readonly origin: Origin
  /** Blob key of the message as received (kind `spool`). */
  readonly blob: string
  readonly size: number
  /** SHA-256 of the message as received, hex. */
  readonly digest: string
  /** Message-ID header without brackets, '' when the mail has none. */
  readonly rfcMessageId: string
  readonly subject: string
  readonly acceptedAt: number
  /** The decision in force (the last one, after a release or a retry of a deferral). */
  readonly decision: Decision | null
}

/** A message without what was decided of it: all that sending it takes. */
export type ReceivedMessage = Omit<MessageRecord, 'decision'>

/** Every recipient ends in exactly one of the final states; the first four are on the way. */
export type RecipientState =
  | 'pending'
  | 'deferred'
  | 'held'
  | 'quarantined'
  | 'delivered'
  | 'filed'
  | 'rejected'
  | 'failed'
  | 'dropped'

export const FINAL_STATES: readonly RecipientState[] = ['delivered', 'filed', 'rejected', 'failed', 'dropped']

export interface RecipientRecord {
  readonly message: MessageId
  readonly address: string
  readonly state: RecipientState
  readonly copy: string | null
  /** Last SMTP reply or the words of the decision. */
  readonly detail: string
  /** Receipt: how exactly this mail was protected, filled by the transform. */
  readonly receipt: Receipt | null
  readonly updatedAt: number
}

/** How one recipient's copy was protected: facts a person or an auditor can check. */
export interface Receipt {
  readonly method: string
  /** `CMS AuthEnvelopedData, AES-256-GCM, RSAES-OAEP-SHA256 for CN=...` and the like, one entry per layer. */
  readonly layers: readonly string[]
  readonly links: readonly {
    readonly name: string
    readonly size: number
    readonly sha256: string
    readonly access: string
    readonly expiresAt: number
  }[]
  readonly rules: readonly string[]
}

export interface CopyRecord {
  readonly id: string
  readonly message: MessageId
  readonly recipients: readonly string[]
  readonly steps: readonly Step[]
  /**
   * Blob key of the rendered copy (kind `copy`, the copy's own id), or of the message as received (kind `spool`) when
   * `bodyStart` is there and the key is not the copy's id.
   */
  readonly blob: string
  /** Of the whole copy, bytes. */
  readonly size: number
  /** The first bytes of the copy, up to the body; the whole copy where `bodyStart` is null. null: the blob holds everything. */
  readonly head: Uint8Array | null
  /** What follows `head` is the blob from here on. */
  readonly bodyStart: number | null
  /** Named route, '' for the default one. */
  readonly route: string
  readonly mailFrom: string
  readonly createdAt: number
}

/** `held`: nobody works on it until an operator releases it. `dead`: it was given up and waits for an operator. */
export type JobState = 'ready' | 'leased' | 'held' | 'done' | 'dead'

export const JOB_QUEUES = ['process', 'deliver', 'sms', 'webhook', 'api', 'archive', 'mail'] as const

/** `process`: evaluate and transform. `deliver`: one copy to one lane. The rest are effects outside. */
export type JobQueueName = (typeof JOB_QUEUES)[number]

export interface JobSpec {
  readonly queue: JobQueueName
  readonly message: MessageId | null
  /** Destination that shares limits and back-off: a route or host; '' where there is none. */
  readonly lane: string
  /** Unique with (message, queue, lane): enqueueing twice is one job. */
  readonly step: string
  readonly payload: unknown
  readonly runAt: number
}

export interface Job extends JobSpec {
  readonly id: string
  readonly tenant: string
  readonly attempt: number
  readonly leaseToken: string
  readonly createdAt: number
  /** Earlier attempts that got as far as the final dot and whose end nobody recorded: each may have delivered the mail. */
  readonly dots: number
}

/** A job as its operator sees it. */
export interface JobRecord extends JobSpec {
  readonly id: string
  readonly state: JobState
  readonly attempt: number
  readonly crashes: number
  readonly dots: number
  readonly leaseUntil: number | null
  readonly lastFault: string
  readonly createdAt: number
}

/** One line of the tenant's append-only log. `detail` holds no body text; its canonical JSON is hashed into the chain. */
export interface AuditEvent {
  readonly time: number
  /** `message.accepted`, `recipient.delivered`, `link.downloaded` ...: dotted, past tense. */
  readonly type: string
  readonly message: MessageId | null
  /** Who did it: a user, a recipient, `gateway`. */
  readonly actor: string
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditRecord extends AuditEvent {
  readonly seq: number
  /** SHA-256 over the previous hash and the canonical text of this event, hex. */
  readonly hash: string
}

/** A stored file behind a link: one upload serves every recipient of the message. */
export interface LinkFileRecord {
  readonly id: string
  readonly message: MessageId
  readonly name: string
  readonly mediaType: string
  readonly size: number
  readonly sha256: string
  /** Blob key (kind `link`); the content is Cobblestone-256 under `wrappedKey`. */
  readonly blob: string
  /** Data key wrapped by the tenant's key encryption key (AES-256-KWP), base64. */
  readonly wrappedKey: string
  readonly createdAt: number
}

/**
 * What one recipient may open: a link to files, a message in the portal, or both. The token stands in the URL; only its
 * SHA-256 is stored, so a stolen database opens nothing.
 */
export interface GrantRecord {
  readonly id: string
  readonly tokenHash: string
  readonly message: MessageId
  readonly recipient: string
  readonly kind: 'files' | 'message'
  readonly access: string
  readonly files: readonly string[]
  /** Portal message: blob key (kind `portal`) of the readable form and its wrapped key. */
  readonly content: { readonly blob: string; readonly wrappedKey: string } | null
  readonly reply: boolean
  readonly receipt: boolean
  /** E.164, for the second factor. */
  readonly phone: string | null
  readonly expiresAt: number
  readonly revokedAt: number | null
  readonly createdAt: number
}

/** A one-time code that was sent; `codeHash` is an HMAC under the tenant's key. */
export interface CodeRecord {
  readonly id: string
  readonly grant: string
  readonly channel: 'mail' | 'sms'
  readonly codeHash: string
  readonly expiresAt: number
  readonly attempts: number
  readonly usedAt: number | null
}

export interface PortalSessionRecord {
  readonly tokenHash: string
  readonly grant: string
  /** Factors proved so far, in order. */
  readonly factors: readonly ('code' | 'sms')[]
  readonly expiresAt: number
}

/** Public and private key material. Private parts are sealed under the tenant's key encryption key before they are stored. */
export interface KeyRecord {
  /** Fingerprint: SHA-256 of the certificate, or the OpenPGP fingerprint; hex, lower case. Of a password: of its address; of a list: of its authority. */
  readonly id: string
  /** `password`: what a correspondent opens PDFs with (`keys/standing-password.ts`). `crl`: a revocation list (`keys/revocation-record.ts`). */
  readonly kind: 'smime' | 'pgp' | 'anchor' | 'password' | 'crl'
  /** `own`: a user of ours. `gateway`: signs for all our users. `peer`: a correspondent. Anchors have `use: 'peer'` and no address. */
  readonly use: 'own' | 'gateway' | 'peer'
  readonly address: string
  /** PEM certificate followed by its chain, armored public key, or PEM of a list. */
  readonly publicText: string
  /** Sealed PKCS#8 PEM, armored private key or password; null for peers' keys. */
  readonly sealedPrivate: Uint8Array | null
  /** S/MIME capabilities of the peer's program as object identifiers (RFC 8551 2.5.2); null or left out where nothing is known. */
  readonly capabilities?: readonly string[] | null
  readonly revokedAt: number | null
  readonly createdAt: number
}

/** A policy that was put in force: the bundle exactly as it came, so that its signature can be checked again. */
export interface PolicyVersionRecord {
  /** Of the bundle; rises with every version. */
  readonly serial: number
  readonly revision: string
  /** The envelope (DSSE), or that of which version serves again (`rollbackTo` in shared/policy). */
  readonly bundle: string
  /** Whose key signed it; null for an unsigned one. */
  readonly author: string | null
  readonly appliedAt: number
  readonly appliedBy: string
  readonly note: string
}

/** What the policy saw of one message, for replays. Words of body and attachments are not kept. */
export interface DecisionInputRecord {
  readonly message: MessageId
  /** When the message was accepted. */
  readonly at: number
  readonly input: PolicyInput
  /** Texts stood in the input and were replaced by ''. */
  readonly redacted: boolean
  /** Rules and guarantees that had a part in the decision, those in simulate mode included. */
  readonly rules: readonly string[]
}

/** One row of the tenant's directory; the same fields as a `people:` entry of a facts file. */
export interface PersonRecord {
  readonly address: string
  readonly name: string | null
  readonly user: boolean
  readonly department: string | null
  readonly location: string | null
  readonly role: string | null
  readonly groups: readonly string[]
  readonly country: string | null
  readonly language: 'de' | 'en' | null
  readonly phone: string | null
  readonly portalAccount: boolean
  readonly lastContact: string | null
  /** Further addresses this person sends as: own ones, shared mailboxes, people it is a delegate of. */
  readonly sendsAs: readonly string[]
  /** argon2id, for SMTP AUTH and the token endpoint; null for those who cannot sign in. */
  readonly passwordHash: string | null
}
