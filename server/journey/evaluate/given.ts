/** What the stage is given: the mail as the parser found it, and whom to ask about its people, keys and stamps. */
import type { AuthenticationFacts, MessageFacts, PolicyInput } from '../../../shared/domain/index.ts'
import type { Directory } from '../../ports/directory.ts'
import type { Keyring } from '../../ports/keyring.ts'
import type { TenantProfile } from '../tenant.ts'

/** What the parser found, as far as the policy cares; the parse stage's result has this shape. */
export interface MailFacts {
  readonly message: Omit<MessageFacts, 'direction' | 'classification' | 'authenticated' | 'source'>
  readonly attachments: PolicyInput['attachments'] | undefined
  readonly visible: { readonly to: readonly string[]; readonly cc: readonly string[] }
  readonly rawIntent: {
    readonly classification: readonly string[]
    readonly protection: readonly string[]
    readonly stamp: readonly string[]
  }
}

/** Says what a stranger's domain says of the mail: costs look-ups in the DNS and the reading of the whole mail. */
export interface Authenticity {
  /** Answers the same each time it is asked. */
  facts(): Promise<AuthenticationFacts>
  /** Wanted whatever the policy asks. */
  readonly always: boolean
}

export interface Knowledge {
  readonly directory: Directory
  readonly keyring: Keyring
  readonly stamps: StampReader | null
  /** Classes of the mails with these Message-IDs; without it nothing is known of what a mail answers. */
  readonly answered?: (tenant: TenantProfile['id'], messageIds: readonly string[]) => Promise<readonly string[]>
}

/** Reads `X-Secflow-Stamp`; `refused` says why a stamp does not count: forged, too old, for another mail. */
export interface StampReader {
  read(
    tenant: TenantProfile,
    stamp: string,
    mail: { sender: string; visible: readonly string[]; subject: string; now: number },
  ): Promise<StampedIntent | { readonly refused: string }>
}

export interface StampedIntent {
  readonly classification: string | null
  readonly protection: readonly string[]
  /** Whether this is the value of X-Secflow-Protection whose phone numbers it was made for. */
  bindsNumbers(wishes: string): boolean
  covers(address: string): boolean
}

/** Something an auditor wants to see about how the input came to be: an unknown label, a refused stamp, ignored headers. */
export interface Note {
  readonly type: string
  readonly detail: Readonly<Record<string, unknown>>
}
