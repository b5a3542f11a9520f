import type { ARCData } from 'mailauth'
import type { AuthenticationFacts, Origin } from '../../../shared/domain/index.ts'
import type { MimeIndex } from '../../mime/part.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import type { Resolver } from '../../ports/dns.ts'
import { createLookUps, type LookUps } from './look-up.ts'
import { readableMail } from './readable-mail.ts'

/** What vouches for a mail from a stranger. */
export interface Authentication {
  readonly facts: AuthenticationFacts
  /** `dkim=pass header.i=...` and so on: one entry per result (RFC 8601 2.2), ASCII, without line ends. */
  readonly results: readonly string[]
}

/** Verifies SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989) and ARC (RFC 8617). Raises what reading the mail raises. */
export type Authenticate = (mail: StrangersMail) => Promise<Authentication>

export interface StrangersMail {
  readonly source: ByteSource
  readonly index: MimeIndex
  readonly mailFrom: string
  readonly origin: Pick<Origin, 'peer' | 'helo'>
}

/** Look-ups of one message, together. A next hop waits for nobody, but a sender's own servers may be slow. */
const LOOK_UPS_MS = 20_000

/**
 * `name` is ours. Without an answer of the DNS a result is `temperror`; nothing is raised for it. The verifier is loaded with
 * the first mail it is needed for: who never asks does not pay its memory.
 */
export function createAuthenticator(parts: {
  readonly resolver: Resolver
  readonly name: string
  readonly lookUpsMs?: number
}): Authenticate {
  const ms = parts.lookUpsMs ?? LOOK_UPS_MS
  return async ({ source, index, mailFrom, origin }) => {
    const [{ dkimVerify }, { spf }, { arc }, { evaluateDmarc }] = await Promise.all([
      import('mailauth/lib/dkim/verify.js'),
      import('mailauth/lib/spf/index.js'),
      import('mailauth/lib/arc/index.js'),
      import('mailauth/lib/dmarc/index.js'),
    ])
    const lookUps = createLookUps(parts.resolver, ms)
    const { resolve: resolver } = lookUps
    const common = { resolver, strict: true }
    const helo = origin.helo || `[${origin.peer}]`
    const [signatures, sender] = await Promise.all([
      dkimVerify(readableMail(source, index), { ...common, ...(mailFrom ? { sender: mailFrom } : {}) }),
      spf({ ...common, sender: mailFrom, ip: origin.peer, helo, mta: parts.name, maxElapsedTime: ms }),
    ])
    const chain = signatures.arc ? await arc(signatures.arc as ARCData, common) : null
    const good = signatures.results.filter(({ status }) => status.result === 'pass')
    const { response: policy } = await evaluateDmarc({
      ...common,
      headerFrom: signatures.headerFrom,
      fromFields: signatures.fromFields,
      spfDomains: sender.status.result === 'pass' && sender.domain ? [sender.domain] : [],
      dkimDomains: good.map(({ id, signingDomain = '', status }) => ({
        ...(id === undefined ? {} : { id }),
        domain: signingDomain,
        aligned: status.aligned ?? false,
        ...(status.underSized === undefined ? {} : { underSized: status.underSized }),
      })),
      ...(chain ? { arcResult: chain } : {}),
    })
    const last = signatures.arc?.chain ? sealsOf(signatures.arc.chain).at(-1) : undefined
    const arcResult = chain ? arcFact(chain.status.result, signatures.arc?.chain, lookUps) : 'none'
    return {
      facts: {
        spf: among(SPF, sender.status.result, 'temperror'),
        dkim: BEST.find((result) => signatures.results.some(({ status }) => status.result === result)) ?? 'none',
        // A signature over a part of the body says nothing of the rest (RFC 6376 8.2).
        dkimDomains: [
          ...new Set(
            good
              .filter(({ status }) => !status.underSized)
              .map(({ signingDomain = '' }) => signingDomain.toLowerCase()),
          ),
        ],
        dmarc: policy ? among(DMARC, policy.status.result, 'temperror') : 'permerror',
        dmarcPolicy: policy ? (POLICIES.find((one) => one === policy.policy) ?? null) : null,
        arc: arcResult,
        arcSealer: arcResult === 'pass' && last ? last.domain : null,
      },
      results: [
        ...signatures.results.map(({ info }) => info),
        sender.info,
        // A chain whose keys could not be asked for is neither good nor broken; ARC has no word for that.
        ...(chain?.info && arcResult !== 'temperror' ? [chain.info] : []),
        ...(policy ? [policy.info] : []),
      ].flatMap((info) => (info ? [printable(info)] : [])),
    }
  }
}

const SPF = ['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror'] as const
const DMARC = ['pass', 'fail', 'none', 'temperror', 'permerror'] as const
const POLICIES = ['none', 'quarantine', 'reject'] as const
/** Of several signatures the first of these counts: one without an answer might have been good. */
const BEST = ['pass', 'temperror', 'fail', 'policy', 'permerror', 'neutral'] as const

function among<T extends string>(values: readonly T[], value: string, otherwise: T): T {
  return values.find((one) => one === value) ?? otherwise
}

/** ARC knows no temporary failure (RFC 8617 4.2.1): the keys that nobody answered for tell it. */
function arcFact(result: string, chain: unknown, lookUps: LookUps): AuthenticationFacts['arc'] {
  if (result === 'pass' || result === 'none') return result
  return sealsOf(chain).some(({ key }) => lookUps.unanswered(key)) ? 'temperror' : 'fail'
}

/** Keys of the seals and message signatures of a chain, oldest first. */
function sealsOf(chain: unknown): { readonly domain: string; readonly key: string }[] {
  if (!Array.isArray(chain)) return []
  type Tags = { readonly parsed?: Readonly<Record<string, { readonly value?: unknown } | undefined>> }
  return (chain as Readonly<Record<string, Tags | undefined>>[]).flatMap((set) =>
    [set['arc-message-signature'], set['arc-seal']].flatMap((tags) => {
      const domain = String(tags?.parsed?.d?.value ?? '').toLowerCase()
      return [{ domain, key: `${String(tags?.parsed?.s?.value ?? '').toLowerCase()}._domainkey.${domain}` }]
    }),
  )
}

const printable = (text: string): string => text.replace(/\s+/g, ' ').replace(/[^ -~]/g, '?')
