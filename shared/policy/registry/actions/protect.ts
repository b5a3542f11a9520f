/** Signing and encrypting. */
import type { Access, Method, Outcome } from '../../../domain/index.ts'
import { choice, duration, flag, integer, listOf, object, refine, text } from '../../parse/shape.ts'
import { type AnyAction, action } from '../action.ts'
import {
  earliest,
  intersect,
  isConflict,
  joinOptional,
  joinSingle,
  type Single,
  single,
  strongest,
  strongestOf,
} from '../joins.ts'
import { ACCESS } from './attach.ts'
import { OUTCOMES } from './gate.ts'

export const METHODS: readonly Method[] = ['smime', 'pgp', 'pdf', 'portal', 'tls']
/** Methods that protect the mail itself, not only one hop. */
export const END_TO_END: readonly Method[] = ['smime', 'pgp', 'pdf', 'portal']
const CHANNELS = ['sender', 'portal', 'sms'] as const
const IF_NO_PHONE = ['next', 'hold', 'reject'] as const
/** What gets the password: attached files in a ZIP archive, attached PDFs each by itself, the whole mail; weakest first. */
const CONTAINERS = ['zip', 'pdfs', 'mail'] as const
/** Groups of five letters, 16 bits each; four are the least that is given out. */
const PASSWORD_GROUPS = { min: 4, max: 12 } as const

export interface Sign {
  readonly with: Single
  readonly certificate?: Single | undefined
}

const sign = action<{ readonly with: 'smime' | 'pgp'; readonly certificate?: string }, Sign>({
  name: 'sign',
  phase: 'sign',
  scope: 'recipient',
  restrictive: true,
  doc: { de: 'die Mail signieren', en: 'sign the mail' },
  merge: { de: 'ein Wert; die höhere Ebene gilt', en: 'one value; the higher layer stands' },
  params: object({ with: choice(['smime', 'pgp']) }, { certificate: text({ max: 200 }) }),
  contribute: ({ with: kind, certificate }, { rank }) => [
    {
      slot: '',
      value: {
        with: single(kind, rank),
        certificate: certificate === undefined ? undefined : single(certificate, rank),
      },
    },
  ],
  fixed: () => true,
  join: (a, b) => ({ with: joinSingle(a.with, b.with), certificate: joinOptional(a.certificate, b.certificate) }),
  conflict: (value) => isConflict(value.with) || isConflict(value.certificate),
  steps([slot]) {
    if (!slot) return []
    const certificate = slot.value.certificate?.values[0]
    return [
      {
        do: 'sign',
        with: slot.value.with.values[0] as 'smime' | 'pgp',
        ...(certificate === undefined ? {} : { certificate }),
      },
    ]
  },
})

/** What is acceptable; the choice is made once all rules, and the sender's wish, are joined (evaluate/protect.ts). */
export interface Protect {
  readonly anyOf: readonly Method[]
  readonly ifNone: Outcome
  readonly channel?: (typeof CHANNELS)[number] | undefined
  readonly ifNoPhone?: (typeof IF_NO_PHONE)[number] | undefined
  /** Groups of the password; the longest that any rule asks for. */
  readonly groups?: number | undefined
  /** Seconds for which a recipient keeps one password; undefined: another for every mail. */
  readonly standing?: number | undefined
  /** Undefined is the whole mail. */
  readonly container?: 'zip' | 'pdfs' | undefined
  readonly reply: boolean
  readonly access?: Access | undefined
  readonly expires?: number | undefined
}

export function joinProtects(a: Protect, b: Protect): Protect {
  return {
    anyOf: intersect(a.anyOf, b.anyOf),
    ifNone: strongestOf(OUTCOMES, a.ifNone, b.ifNone) ?? 'reject',
    channel: strongestOf(CHANNELS, a.channel, b.channel),
    ifNoPhone: strongestOf(IF_NO_PHONE, a.ifNoPhone, b.ifNoPhone),
    groups: a.groups === undefined ? b.groups : Math.max(a.groups, b.groups ?? 0),
    standing: earliest(a.standing, b.standing),
    container: partly(strongest(CONTAINERS, a.container ?? 'mail', b.container ?? 'mail')),
    reply: a.reply || b.reply,
    access: strongestOf(ACCESS, a.access, b.access),
    expires: earliest(a.expires, b.expires),
  }
}

function partly(container: (typeof CONTAINERS)[number] | undefined): 'zip' | 'pdfs' | undefined {
  return container === 'mail' ? undefined : container
}

/** Kept in the order of METHODS, so that equal sets are equal values. */
const methods = refine(listOf(choice(METHODS)), (value) => METHODS.filter((method) => value.includes(method)))
const password = object(
  { channel: choice(CHANNELS) },
  {
    ifNoPhone: choice(IF_NO_PHONE),
    groups: integer(PASSWORD_GROUPS.min, PASSWORD_GROUPS.max),
    standing: duration,
  },
)

interface Params {
  readonly anyOf: readonly Method[]
  readonly ifNone?: 'defer' | 'hold' | 'quarantine' | 'reject'
  readonly password?: {
    readonly channel: (typeof CHANNELS)[number]
    readonly ifNoPhone?: (typeof IF_NO_PHONE)[number]
    readonly groups?: number
    readonly standing?: number
  }
  readonly container?: (typeof CONTAINERS)[number]
  readonly reply?: boolean
  readonly access?: Access
  readonly expires?: number
}

const protect = action<Params, Protect>({
  name: 'protect',
  phase: 'protect',
  scope: 'recipient',
  restrictive: true,
  doc: {
    de: 'mit der besten der genannten Methoden verschlüsseln, die der Empfänger lesen kann; die Reihenfolge steht in preference des Mandanten',
    en: "encrypt with the best of the named methods the recipient can read; the order is the tenant's preference",
  },
  merge: {
    de: 'nur Methoden, die alle Regeln erlauben; ohne gemeinsame Methode nie Klartext, sondern ifNone',
    en: 'only methods that every rule accepts; without a common one never clear text but ifNone',
  },
  params: object(
    { anyOf: methods },
    {
      ifNone: choice(['defer', 'hold', 'quarantine', 'reject']),
      password,
      container: choice(CONTAINERS),
      reply: flag,
      access: choice(ACCESS.filter((access) => access !== 'link' && access !== 'password')),
      expires: duration,
    },
  ),
  contribute: (params) => [
    {
      slot: '',
      value: {
        anyOf: params.anyOf,
        ifNone: params.ifNone ?? 'reject',
        channel: params.password?.channel,
        ifNoPhone: params.password?.ifNoPhone,
        groups: params.password?.groups,
        standing: params.password?.standing,
        container: partly(params.container),
        reply: params.reply ?? false,
        access: params.access,
        expires: params.expires,
      },
    },
  ],
  fixed: () => true,
  join: joinProtects,
})

export const protecting: readonly AnyAction[] = [sign, protect]
