/** Policies and inputs in a few words, for tests. */
import type { AttachmentFacts, Decision, PolicyInput, RecipientFacts } from '../../shared/domain/index.ts'
import { loadPolicy, type Policy, type PolicyFile } from '../../shared/policy/index.ts'

/** A rule set around indented `spec` lines. */
export function ruleSet(spec: string, layer = 'tenant', name = layer): PolicyFile {
  const text = `apiVersion: secflow/v1\nkind: RuleSet\nmetadata: {name: ${name}, layer: ${layer}, owner: owner@tenant.example}\nspec:\n${spec}`
  return { name: `${name}.yaml`, text }
}

/** The rules as flow YAML, one a line. */
export function rules(...lines: readonly string[]): string {
  return `  rules:\n${lines.map((line) => `    - ${line}\n`).join('')}`
}

/** A policy that must load. */
export function policyOf(...files: readonly PolicyFile[]): Policy {
  const { policy, diagnostics } = loadPolicy(files)
  if (!policy)
    throw new Error(diagnostics.map((one) => `${one.file}:${one.line} ${one.code} ${one.text.en}`).join('\n'))
  return policy
}

/** Error codes of files that must not load. */
export function errorsOf(...files: readonly PolicyFile[]): string[] {
  const { policy, diagnostics } = loadPolicy(files)
  const errors = diagnostics.filter((one) => one.severity === 'error').map((one) => one.code)
  if (policy && errors.length > 0) throw new Error('a policy in spite of errors')
  return errors
}

export function recipient(facts: Partial<RecipientFacts> = {}): RecipientFacts {
  return {
    address: 'b@partner.example',
    domain: 'partner.example',
    external: true,
    direction: 'outbound',
    keys: { smime: 'none', pgp: 'none' },
    groups: [],
    phoneKnown: false,
    tls: 'opportunistic',
    bcc: false,
    ...facts,
  }
}

export function file(name: string, size = 1000, facts: Partial<AttachmentFacts> = {}): AttachmentFacts {
  const extension = name.slice(name.lastIndexOf('.') + 1)
  return {
    index: 0,
    name,
    extension,
    type: extension,
    declaredType: 'application/octet-stream',
    mismatch: false,
    size,
    encrypted: false,
    macro: false,
    ...facts,
  }
}

type Parts = Partial<Omit<PolicyInput, 'message' | 'sender' | 'intent'>> & {
  readonly message?: Partial<PolicyInput['message']>
  readonly sender?: Partial<PolicyInput['sender']>
  readonly intent?: Partial<PolicyInput['intent']>
}

export function mail(parts: Parts = {}): PolicyInput {
  return {
    time: '2026-03-02T10:00:00+01:00',
    recipients: [recipient()],
    attachments: [],
    ...parts,
    message: {
      direction: 'outbound',
      subject: 'Hello',
      classification: 'internal',
      size: 2000,
      header: {},
      authenticated: true,
      source: 'smtp',
      content: 'plain',
      autoSubmitted: false,
      defects: [],
      ...parts.message,
    },
    sender: {
      address: 'a@tenant.example',
      domain: 'tenant.example',
      tenant: 'demo',
      ours: true,
      department: null,
      groups: [],
      ...parts.sender,
    },
    intent: { classification: null, protection: [], source: 'none', ...parts.intent },
  }
}

/** A decision without what depends on the revision and on how rules are written. */
export function meaning({ recipients, copies, once }: Decision) {
  return { recipients, copies, once }
}
