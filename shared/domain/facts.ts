import type { Damage, VerdictState } from './verdict.ts'

/**
 * What the policy sees of one mail. `undefined` (or a missing key) is *unknown*: a look-up failed or was not made; the
 * language treats it with its third truth value. `null` is *known to be absent*.
 */
export interface PolicyInput {
  /** Time of receipt, ISO 8601 with zone: never the wall clock, so that a replay is exact. */
  readonly time: string
  readonly message: MessageFacts
  readonly sender: SenderFacts
  readonly recipients: readonly RecipientFacts[]
  /** Unknown as a whole when the structure could not be trusted (see `MessageFacts.opaque`). */
  readonly attachments?: readonly AttachmentFacts[]
  readonly intent: Intent
}

export type Direction = 'inbound' | 'outbound' | 'internal'

export interface MessageFacts {
  readonly direction: Direction
  /** Decoded (RFC 2047) and as composed; rules compare it NFKC and without case. */
  readonly subject: string
  /** Effective class: a label id of the tenant, after intent, default and "unknown counts as highest". */
  readonly classification: string
  /** Bytes of the message as received. */
  readonly size: number
  /** Lower-case name -> decoded values in order of appearance. An absent name is a known absence. */
  readonly header: Readonly<Record<string, readonly string[]>>
  readonly authenticated: boolean
  /** What vouches for the sender, as `Origin.authenticated`. */
  readonly authentication?: string
  /**
   * What the sender's domain says of the mail (SPF, DKIM, DMARC, ARC). Null for an authenticated submission, which nobody
   * outside vouches for.
   */
  readonly auth?: AuthenticationFacts | null
  /** What was found when a stranger's mail was opened for its recipients. Null for mail of our own, which is not opened. */
  readonly opened?: OpenedFacts | null
  /** Look-ups for the message that were not made (see `RecipientFacts.unasked`). */
  readonly unasked?: readonly 'auth'[]
  /**
   * The mail this one answers, as far as the gateway knows it from a verdict it signed or from its own records; null for a
   * mail that answers none. The class of an answer is at least the class of what it answers.
   */
  readonly replyTo?: { readonly classification: string } | null
  /** `smtp`, `api`, `cli`, `portal` or `internal`. */
  readonly source: string
  /** BCP 47 of the body where it could be told. */
  readonly language?: string | null
  /** Decoded text of the body parts, capped by the parser; rules on words and DLP read it. */
  readonly bodyText?: string
  /** `bodyText` ends at the parser's cap: there is more. */
  readonly bodyCut?: boolean
  /** Content the gateway cannot look into or must not alter. */
  readonly content:
    | 'plain'
    | 'smime-signed'
    | 'smime-encrypted'
    | 'pgp-signed'
    | 'pgp-encrypted'
    | 'calendar'
    | 'tnef'
    | 'report'
  /** RFC 3834 auto-submitted, bounces and reports. */
  readonly autoSubmitted: boolean
  /** Parser codes of what made the structure ambiguous; non-empty means rules must not trust absence of an attachment. */
  readonly defects: readonly string[]
}

/** What decrypting and verifying a mail gave. */
export interface OpenedFacts {
  /** As bad as the worst of its layers; `good` only for a signature that covers all of it, by the one in From. */
  readonly verdict: VerdictState
  /** Whose signature is good. */
  readonly signer: string | null
  /** `no-integrity`: opened, but nothing proves that it was not altered; `closed`: rules do not see what is inside. */
  readonly encryption: 'none' | 'decrypted' | 'no-integrity' | 'closed'
  /** What may have changed it on its way, where that may be the reason of the verdict. */
  readonly damage: Damage | null
}

/** Result names of RFC 8601 2.7; `temperror`: the DNS gave no answer. */
export interface AuthenticationFacts {
  readonly spf: 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'temperror' | 'permerror'
  /** The best of all signatures. */
  readonly dkim: 'pass' | 'fail' | 'neutral' | 'none' | 'policy' | 'temperror' | 'permerror'
  /** Domains whose signature is good, A-labels. */
  readonly dkimDomains: readonly string[]
  /** `permerror`: From names no domain, or several, so that no policy applies (RFC 9989 5.3.1). */
  readonly dmarc: 'pass' | 'fail' | 'none' | 'temperror' | 'permerror'
  /** What the domain in From asks to be done with a mail that fails; null where it asks nothing. */
  readonly dmarcPolicy: 'none' | 'quarantine' | 'reject' | null
  readonly arc: 'pass' | 'fail' | 'none' | 'temperror'
  /** Who sealed last, where the chain is good. */
  readonly arcSealer: string | null
}

export interface SenderFacts {
  readonly address: string
  /** A-label form, lower case. */
  readonly domain: string
  readonly displayName?: string | null
  readonly department?: string | null
  readonly location?: string | null
  readonly role?: string | null
  readonly groups?: readonly string[]
  readonly country?: string | null
  readonly language?: string | null
  readonly tenant: string
  /** False for strangers (inbound mail). Who signed in is ours with an empty reverse-path too. */
  readonly ours: boolean
}

/** State of the best key of one kind that is known for a recipient. */
export type KeyState = 'valid' | 'expired' | 'revoked' | 'untrusted' | 'none'

export interface RecipientFacts {
  readonly address: string
  readonly domain: string
  readonly external: boolean
  readonly direction: Direction
  readonly displayName?: string | null
  readonly groups?: readonly string[]
  readonly department?: string | null
  readonly location?: string | null
  readonly role?: string | null
  readonly country?: string | null
  readonly language?: string | null
  readonly phoneKnown?: boolean
  /** Number that the sender gave for this recipient, E.164; it counts where the recipient's copy needs one. */
  readonly phoneGiven?: string
  readonly keys: { readonly smime?: KeyState; readonly pgp?: KeyState }
  readonly portalAccount?: boolean
  /** ISO 8601 of the last mail exchanged, null for a first contact. */
  readonly lastContact?: string | null
  /** What the next hop is known to offer. */
  readonly tls?: 'none' | 'opportunistic' | 'verified'
  /** Not named in the visible To and Cc. */
  readonly bcc?: boolean
  /** Protection that the sender asked for this recipient alone, on top of the intent of the mail. Never `plain` or `none`. */
  readonly asked?: readonly Protection[]
  /**
   * Look-ups that were not made because no rule that could apply needed them. Their facts are unknown for another reason
   * than a look-up that failed; a policy that needs one cannot judge this input again. Missing: every look-up was made.
   */
  readonly unasked?: readonly ('directory' | 'keys' | 'tls')[]
}

export interface AttachmentFacts {
  /** Position in document order; the plan names attachments by it. */
  readonly index: number
  /** Decoded file name, '' when the part has none. */
  readonly name: string
  /** Names that other mail readers show for it. */
  readonly otherNames?: readonly string[]
  /** Position of the file that holds it: an archive, a message, TNEF. Missing for a file of the mail itself. */
  readonly within?: number
  /** It holds, or may hold, files that could not be seen. */
  readonly opaque?: boolean
  readonly extension: string
  /** Type found in the content (`dcm`, `step`, `pdf`, `docm`, `zip` ...), null when the content says nothing. */
  readonly type: string | null
  /** Media type as declared, lower case. */
  readonly declaredType: string
  /** Name, declaration and content contradict each other. */
  readonly mismatch: boolean
  /** Decoded bytes. */
  readonly size: number
  /** A password is needed to look inside. */
  readonly encrypted?: boolean
  readonly macro?: boolean
  readonly archiveDepth?: number
  /** SHA-256 of the decoded bytes, hex. */
  readonly hash?: string
  /** Text found inside where the parser extracts it (text, HTML, Office, PDF); null for a kind of file that holds none. */
  readonly text?: string | null
  /** `text` is not all of it. */
  readonly textCut?: boolean
}

/** Tokens of `X-Secflow-Protection` (CONTRACT, Headers); parameters by token. */
export type ProtectionToken =
  | 'sign'
  | 'encrypt'
  | 'smime'
  | 'pgp'
  | 'pdf'
  | 'portal'
  | 'filelink'
  | 'plain'
  | 'receipt'
  | 'none'

export interface Protection {
  readonly token: ProtectionToken
  /** `pdf;sms=`: E.164. */
  readonly sms?: string
  /** `filelink;expires=`: seconds. */
  readonly expires?: number
  readonly secondFactor?: boolean
  /** `plain;reason=`. */
  readonly reason?: string
}

/** What the sender asked for. Only intent that may be trusted reaches the policy; `tightenOnly` comes with a partly covering stamp. */
export interface Intent {
  /** Label id as sent, or null; already resolved into `MessageFacts.classification`. */
  readonly classification: string | null
  readonly protection: readonly Protection[]
  readonly reason?: string
  readonly source: 'none' | 'header' | 'stamp' | 'api' | 'subject' | 'foreign'
  /** Recipients (addresses) for which only a tightening counts. */
  readonly tightenOnly?: readonly string[]
}
