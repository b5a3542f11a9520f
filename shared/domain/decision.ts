/** What the policy answers. A plan is concrete: whoever carries it out looks nothing up and chooses nothing. */
export type Outcome = 'deliver' | 'defer' | 'hold' | 'quarantine' | 'reject'

/** Ways to protect a mail for one recipient; `tls` relies on the transport, null is plain. */
export type Method = 'smime' | 'pgp' | 'pdf' | 'portal' | 'tls'

export type Access = 'link' | 'link-code' | 'password' | 'portal' | 'portal-2fa'

export type Phase =
  | 'gate'
  | 'rewrite'
  | 'attach'
  | 'archive'
  | 'sign'
  | 'protect'
  | 'copy'
  | 'route'
  | 'notify'
  | 'audit'

/** Steps of one recipient's plan, in the order of their phases. */
export type Step =
  /** Which form of an opened mail goes on: the opened one, or the bytes as received. */
  | { readonly do: 'open'; readonly deliver: 'opened' | 'original' }
  | { readonly do: 'stripHeader'; readonly names: readonly string[] }
  | { readonly do: 'setHeader'; readonly name: string; readonly value: string }
  | { readonly do: 'tagSubject'; readonly prefix?: string; readonly remove?: readonly string[] }
  | { readonly do: 'disclaimer'; readonly text: string; readonly html?: string; readonly position: 'top' | 'bottom' }
  | {
      readonly do: 'fileLink'
      /** `AttachmentFacts.index` of the files that become links. */
      readonly attachments: readonly number[]
      readonly access: Access
      /** Seconds from acceptance. */
      readonly expires: number
      readonly receipt: boolean
      /** Number of the second factor by the sender, E.164; that of the directory comes first. */
      readonly phone?: string
    }
  | { readonly do: 'sign'; readonly with: 'smime' | 'pgp'; readonly certificate?: string }
  | {
      readonly do: 'protect'
      readonly method: Method
      /** PDF only: how the recipient gets the password. */
      readonly password?: {
        readonly channel: 'sms' | 'sender' | 'portal'
        readonly phone?: string
        /** Groups of five letters; four where it is not said. */
        readonly groups?: number
        /** Seconds for which the recipient keeps one password; absent: another for every mail. */
        readonly standing?: number
      }
      /** PDF only: what gets the password in place of the whole mail. */
      readonly container?: 'zip' | 'pdfs'
      /** Portal and PDF: the recipient may answer in the portal. */
      readonly reply?: boolean
      /** Of the page in the portal. */
      readonly access?: Access
      /** Number of its second factor by the sender, E.164; that of the directory comes first. */
      readonly phone?: string
      /** Seconds from acceptance, of the page in the portal. */
      readonly expires?: number
    }
  | { readonly do: 'route'; readonly via: string }
  | { readonly do: 'api'; readonly endpoint: string }
  | { readonly do: 'receipt' }
  | { readonly do: 'audit'; readonly level: 'standard' | 'full' }

/** Once per message, whatever the number of recipients that asked for it. */
export type OnceStep =
  | { readonly do: 'archive'; readonly store: string; readonly form: 'plain' | 'as-sent' }
  | { readonly do: 'bcc'; readonly to: readonly string[]; readonly form: 'plain' | 'as-sent' }
  | {
      /** The mail as composed, to whoever holds the role when it is carried out; nobody: the message is held. */
      readonly do: 'deliverTo'
      readonly role: string
      /** `first`: only the one who comes first (on-call before others, deputies last). */
      readonly holders: 'all' | 'first'
      readonly rules: readonly string[]
    }
  | {
      readonly do: 'notify'
      readonly to: readonly string[]
      readonly template: string
      readonly rules: readonly string[]
    }
  | {
      readonly do: 'incident'
      readonly webhook: string
      readonly category: string
      readonly severity: 'low' | 'medium' | 'high' | 'critical'
      readonly text?: string
      /** Seconds from acceptance until it has to be reported onward. */
      readonly reportWithin?: number
      readonly rules: readonly string[]
    }

/** One rule (or guarantee, or the sender's wish) that had a part in the outcome. */
export interface Reason {
  readonly rule: string
  readonly layer: 'tenant' | 'location' | 'department' | 'user' | 'guarantee' | 'intent'
  /** What a sender understands; one text per language of the vocabulary. */
  readonly text: { readonly de: string; readonly en: string }
}

/** Something whose absence kept the best outcome away; `field` is a policy field or `phone`, `certificate`, `reason`. */
export interface Missing {
  readonly field: string
  readonly text: { readonly de: string; readonly en: string }
}

export interface RecipientDecision {
  readonly address: string
  readonly outcome: Outcome
  /** For reject and hold: the policy's own words. */
  readonly text?: string
  /** For hold: who may release. */
  readonly approvers?: readonly string[]
  readonly method: Method | null
  readonly steps: readonly Step[]
  readonly reasons: readonly Reason[]
  readonly missing: readonly Missing[]
  /** Rules in simulate mode that matched and changed nothing. */
  readonly simulated: readonly string[]
}

/** One rendition of the mail: recipients that share every step. Bcc recipients of S/MIME and OpenPGP stand alone. */
export interface CopyPlan {
  /** Indices into `Decision.recipients`; all of them have the outcome `deliver`. */
  readonly recipients: readonly number[]
  readonly steps: readonly Step[]
}

export interface Decision {
  /** Label id of the class the mail was decided on; what answers it has at least that one. */
  readonly classification?: string
  /** hash(revision, input): equal inputs under one revision give equal ids. */
  readonly decisionId: string
  readonly revision: string
  /** Versions of the lists from outside that the policy asks about; null for one that was unknown. */
  readonly lists?: Readonly<Record<string, string | null>>
  readonly recipients: readonly RecipientDecision[]
  readonly copies: readonly CopyPlan[]
  readonly once: readonly OnceStep[]
}
