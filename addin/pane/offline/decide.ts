import type { Draft, OfflinePolicy, Verdict } from '../../../shared/contract/index.ts'
import type { Decision, Intent, PolicyInput, Protection, RecipientFacts } from '../../../shared/domain/index.ts'
import { preAuthEncoding, readEnvelope } from '../../../shared/policy/bundle/dsse.ts'
import type { TrustRoots } from '../../../shared/policy/bundle/read.ts'
import { decideMail, openPolicy } from '../../../shared/policy/light/engine.ts'
import { complete } from '../../../shared/policy/light/pending.ts'
import type { Policy } from '../../../shared/policy/policy.ts'
import { aLabel } from '../../../shared/policy/text/domain.ts'
import { resolveClassification } from '../../../shared/words/classification.ts'
import { verifyEd25519 } from './ed25519.ts'

/** The last policy that was opened: compiling takes longer than deciding. */
let opened: { readonly bundle: string; readonly policy: Policy } | null = null

/** The verdict for a draft at `time` (ISO 8601); null where the policy does not verify. It has no stamp: only the service signs. */
export async function decideOffline(
  kept: OfflinePolicy,
  draft: Draft,
  language: 'de' | 'en',
  time: string,
): Promise<Verdict | null> {
  const policy = await openKept(kept)
  if (!policy) return null
  const input = await complete(() => inputOf(policy, kept, draft, time))
  const decision = await decideMail(policy, input)
  return verdictOf(decision, draft, language)
}

async function openKept(kept: OfflinePolicy): Promise<Policy | null> {
  if (opened?.bundle === kept.bundle) return opened.policy
  const trust = await trustIn(kept)
  if (!trust) return null
  const { policy } = await openPolicy(kept.bundle, { trust, currentSerial: 0 })
  if (policy) opened = { bundle: kept.bundle, policy }
  return policy
}

/** The engine asks for signatures at once, browsers verify them later: they are verified before. */
async function trustIn({ bundle, keys }: OfflinePolicy): Promise<TrustRoots | null> {
  const envelope = readEnvelope(bundle)
  if (!envelope) return null
  const message = preAuthEncoding(envelope.payloadType, envelope.payload.bytes)
  const good = new Set<string>()
  for (const { keyid, sig } of envelope.signatures) {
    const key = keys.find((one) => one.keyid === keyid)
    if (key && (await verifyEd25519(key.publicKey, message, sig))) good.add(keyid)
  }
  return {
    holder: (keyid) => (keys.some((one) => one.keyid === keyid) ? keyid : null),
    verify: (keyid) => good.has(keyid),
  }
}

/** As the service makes it of a draft, less what it looks up: that is unknown here, and the policy defers what depends on it. */
function inputOf(policy: Policy, { tenant, domains }: OfflinePolicy, draft: Draft, time: string): PolicyInput {
  const isOwn = (domain: string) => domains.includes(domain)
  const recipients = draft.recipients.map((one): RecipientFacts => {
    const {
      address: raw,
      field,
      phone,
    } = typeof one === 'string' ? { address: one, field: 'to', phone: undefined } : one
    const { address, domain } = addressOf(raw)
    const external = !isOwn(domain)
    return {
      address,
      domain,
      external,
      direction: external ? 'outbound' : 'internal',
      keys: {},
      bcc: field === 'bcc',
      ...(phone ? { phoneGiven: phone } : {}),
    }
  })
  const sender = addressOf(draft.sender)
  const said = draft.classification === null ? [] : [draft.classification]
  const { label } = resolveClassification(said, policy.labels, policy.tenantLabels.default.id)
  return {
    time,
    message: {
      direction: recipients.some(({ external }) => external) ? 'outbound' : 'internal',
      subject: draft.subject,
      classification: label,
      size: draft.attachments.reduce((sum, { size }) => sum + size, 0),
      header: { subject: [draft.subject] },
      authenticated: true,
      authentication: 'token',
      source: 'api',
      content: 'plain',
      autoSubmitted: false,
      defects: [],
    },
    sender: { ...sender, tenant, ours: true },
    recipients,
    attachments: draft.attachments.map(({ name, size, type }, index) => ({
      index,
      name,
      extension: /[^.]\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '',
      type: null,
      declaredType: (type ?? 'application/octet-stream').toLowerCase(),
      mismatch: false,
      size,
    })),
    intent: intentOf(draft, recipients),
  }
}

function intentOf(draft: Draft, recipients: readonly RecipientFacts[]): Intent {
  const protection = draft.protection.map((wish) => ({ ...wish }) as Protection)
  const reason = protection.find((wish) => wish.reason !== undefined)?.reason
  const blind = recipients.filter(({ bcc }) => bcc).map(({ address }) => address)
  return {
    classification: draft.classification,
    protection,
    ...(reason === undefined ? {} : { reason }),
    source: 'api',
    ...(blind.length > 0 && protection.length > 0 ? { tightenOnly: blind } : {}),
  }
}

function addressOf(text: string): { readonly address: string; readonly domain: string } {
  const at = text.lastIndexOf('@')
  const raw = text.slice(at + 1)
  const domain = aLabel(raw.toLowerCase()) ?? raw.toLowerCase()
  return { address: `${text.slice(0, Math.max(0, at)).normalize('NFC').toLowerCase()}@${domain}`, domain }
}

function verdictOf(decision: Decision, draft: Draft, language: 'de' | 'en'): Verdict {
  const typed = (at: number, otherwise: string) => {
    const one = draft.recipients[at]
    return one === undefined ? otherwise : typeof one === 'string' ? one : one.address
  }
  return {
    decisionId: decision.decisionId,
    revision: decision.revision,
    stamp: '',
    recipients: decision.recipients.map((one, at) => ({
      address: typed(at, one.address),
      outcome: one.outcome,
      ...(one.text === undefined ? {} : { text: one.text }),
      steps: one.steps.map((step) => ({ ...step })),
      method: one.method,
      reasons: one.reasons.map(({ rule, layer, text }) => ({ rule, layer, text: text[language] })),
      missing: one.missing.map(({ field, text }) => ({ field, text: text[language] })),
    })),
    copies: [],
  }
}
