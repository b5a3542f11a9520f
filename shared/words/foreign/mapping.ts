/** What the clients of other gateways send, as data: one entry for each product, read by `read-intent.ts` by the rules each form names. */

/** What a form stands for. A form without any is recognised and removed, and changes nothing. */
export interface ForeignMeaning {
  /** In the grammar of `X-Secflow-Protection`. `{phone}`, `{expires}` stand for what the form carries. */
  readonly protection?: string
  /** Label id, or `{label}`: what the form carries, through the tenant's map of labels. */
  readonly classification?: string
  /** Gives a secret away or takes a proof away: counts as `instead` unless the tenant allows unsafe forms; always warned of. */
  readonly unsafe?: true
  /** Protection in place of an unsafe form. */
  readonly instead?: string
}

export interface ForeignTag extends ForeignMeaning {
  /** As typed. May hold one of `{phone}`, `{text}`, `{label}`. */
  readonly tag: string
  readonly place: 'anywhere' | 'start' | 'end' | 'start-or-end'
  readonly caseSensitive: boolean
}

/** Several flags in one bracket by comma or in several brackets, at the start or end; spaces and case do not matter. */
export interface ForeignFlag extends ForeignMeaning {
  /** May end in `:{text}`. */
  readonly flag: string
}

export interface ForeignHeaderForm extends ForeignMeaning {
  /** Lower case. */
  readonly header: string
  /** Values that count, without case; none: any value. */
  readonly values?: readonly string[]
  /** How the value is read: `msip` (Microsoft label GUIDs), `marking` (`SEC=` of the Australian marking), `period` (`+HH:MM:SS`), `text`. */
  readonly read?: 'msip' | 'marking' | 'period' | 'text'
  /** Only together with this header, on top of what another form says. */
  readonly with?: string
}

/** An address that says more than who is meant; counts for this recipient alone. */
export interface ForeignRecipient extends Omit<ForeignMeaning, 'classification'> {
  /** The real address as `{address}` with what stands before its local part or after its domain: `{address}.s`. */
  readonly recipient: string
  /** Of what stands before; domains know no case. */
  readonly caseSensitive: boolean
}

export interface ForeignProduct {
  /** Name in `foreignIntent.products`. */
  readonly product: string
  readonly title: string
  readonly headers: readonly ForeignHeaderForm[]
  readonly tags: readonly ForeignTag[]
  readonly flags: readonly ForeignFlag[]
  readonly recipients?: readonly ForeignRecipient[]
}

/** What a tenant understands of others. */
export interface ForeignIntent {
  readonly products: readonly ForeignProduct[]
  /** GUID or marking, lower case, to label id. */
  readonly labels: Readonly<Record<string, string>>
  /** Unsafe forms count as their senders mean them. */
  readonly unsafe: boolean
}

export const NO_FOREIGN_INTENT: ForeignIntent = { products: [], labels: {}, unsafe: false }
