import { Readable } from 'node:stream'
import type { ARCData } from 'mailauth'
import { arc } from 'mailauth/lib/arc/index.js'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { evaluateDmarc } from 'mailauth/lib/dmarc/index.js'
import { spf } from 'mailauth/lib/spf/index.js'
import type { AuthenticationFacts } from '../../../shared/domain/index.ts'

/** What vouches for a mail from a stranger. */
export interface Authentication {
  readonly facts: AuthenticationFacts
  /** `dkim=pass header.i=...` and so on: one entry per result (RFC 8601 2.2), ASCII, without line ends. */
  readonly results: readonly string[]
}

/** A look-up that gave records, or `ENOTFOUND`, `ENODATA`, or `ETIMEOUT` where nobody answered. */
export type LookedUp = { readonly records: string[] | string[][] } | { readonly code: string }

export interface VerifyRequest {
  /** Ours. */
  readonly name: string
  readonly mailFrom: string
  readonly peer: string
  readonly helo: string
  /** For SPF, ms. */
  readonly lookUpsMs: number
  /** Addresses in From and how many From fields there are, for a mail whose signatures are not looked at; else null. */
  readonly unsigned: { readonly from: readonly string[]; readonly fields: number } | null
}

/** SPF (RFC 7208), DKIM (RFC 6376), ARC (RFC 8617) and DMARC (RFC 9989) of one mail, with mailauth. */
export async function verify(
  request: VerifyRequest,
  mail: AsyncIterable<Uint8Array>,
  lookUp: (name: string, type: string) => Promise<LookedUp>,
): Promise<Authentication> {
  const unanswered = new Set<string>()
  const resolver = async (name: string, type: string) => {
    const answer = await lookUp(name, type)
    if ('records' in answer) return answer.records
    if (answer.code === 'ETIMEOUT') unanswered.add(name.toLowerCase())
    throw Object.assign(new Error(`${answer.code} ${name}`), { code: answer.code })
  }
  const { name, mailFrom, peer, helo, lookUpsMs, unsigned } = request
  const common = { resolver, strict: true }
  const [signatures, sender] = await Promise.all([
    unsigned
      ? { headerFrom: [...unsigned.from], fromFields: unsigned.fields, results: [], arc: undefined }
      : dkimVerify(Readable.from(mail, { objectMode: false }), {
          ...common,
          ...(mailFrom ? { sender: mailFrom } : {}),
        }),
    spf({ ...common, sender: mailFrom, ip: peer, helo, mta: name, maxElapsedTime: lookUpsMs }),
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
  const arcResult = unsigned
    ? 'temperror'
    : chain
      ? arcFact(chain.status.result, signatures.arc?.chain, unanswered)
      : 'none'
  return {
    facts: {
      spf: among(SPF, sender.status.result, 'temperror'),
      dkim: unsigned
        ? 'permerror'
        : (BEST.find((result) => signatures.results.some(({ status }) => status.result === result)) ?? 'none'),
      // A signature over a part of the body says nothing of the rest (RFC 6376 8.2).
      dkimDomains: [
        ...new Set(
          good.filter(({ status }) => !status.underSized).map(({ signingDomain = '' }) => signingDomain.toLowerCase()),
        ),
      ],
      dmarc: policy ? among(DMARC, policy.status.result, 'temperror') : 'permerror',
      dmarcPolicy: policy ? (POLICIES.find((one) => one === policy.policy) ?? null) : null,
      arc: arcResult,
      arcSealer: arcResult === 'pass' && last ? last.domain : null,
    },
    results: [
      ...(unsigned ? ['dkim=permerror (too costly)'] : signatures.results.map(({ info }) => info)),
      sender.info,
      // A chain whose keys could not be asked for is neither good nor broken; ARC has no word for that.
      ...(chain?.info && arcResult !== 'temperror' ? [chain.info] : []),
      ...(policy ? [policy.info] : []),
    ].flatMap((info) => (info ? [printable(info)] : [])),
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
function arcFact(result: string, chain: unknown, unanswered: ReadonlySet<string>): AuthenticationFacts['arc'] {
  if (result === 'pass' || result === 'none') return result
  return sealsOf(chain).some(({ key }) => unanswered.has(key)) ? 'temperror' : 'fail'
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
