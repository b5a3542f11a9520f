/**
 * Conformance cases of the policy language, written as data (`policy/*.yaml`, form in `policy/README.md`): what a rule set
 * means, independent of any engine. Here they are read and their expectations compared; how a mail is decided is up to the caller.
 */
import type { Decision, PolicyInput, RecipientDecision } from '../../shared/domain/index.ts'
import { type Diagnostic, Findings } from '../../shared/policy/diagnostic.ts'
import type { Release } from '../../shared/policy/evaluate/decide.ts'
import { loadPolicy, type Policy, type PolicyFile, showOnce, showStep } from '../../shared/policy/index.ts'
import { parseDocument } from '../../shared/policy/parse/document.ts'
import { member, type Node, nodeOf, plain } from '../../shared/policy/parse/node.ts'
import { fixturesOf, inputOf } from '../../shared/policy/testing/fixtures.ts'
import { byCode, canonicalJson } from '../../shared/policy/text/canonical.ts'

type Plain = Readonly<Record<string, unknown>>

/** One mail of a case and what must come of it. */
export interface Expectation {
  readonly input: PolicyInput
  readonly releases: readonly Release[]
  /** What is wrong with a decision; empty when it is as expected. */
  compare(decision: Decision): readonly string[]
}

export interface ConformanceCase {
  /** File and name. */
  readonly name: string
  readonly files: readonly PolicyFile[]
  /** Null for files that must be refused. */
  readonly policy: Policy | null
  readonly expectations: readonly Expectation[]
  /** What is wrong before any mail is decided: findings other than expected. */
  readonly failures: readonly string[]
}

const CASE_KEYS = [
  'name',
  'policy',
  'spec',
  'rules',
  'when',
  'holds',
  'fails',
  'unknown',
  'input',
  'releases',
  'expected',
  'refused',
  'warns',
]
const EXPECTED_KEYS = [
  'recipients',
  'outcome',
  'text',
  'approvers',
  'method',
  'steps',
  'exact',
  'rules',
  'missing',
  'simulated',
  'copies',
  'once',
]
const DEFAULT_NOW = '2026-03-02T10:00:00+01:00'

/** A case whose policy is not loaded yet. */
export interface NamedCase {
  /** File and name. */
  readonly name: string
  /** Loads it anew: what an engine keeps beside a policy is not there yet. */
  load(): ConformanceCase
}

export function casesOf(file: PolicyFile): readonly ConformanceCase[] {
  return casesIn(file).map((one) => one.load())
}

/** The cases of one file. Throws on a file that is no set of cases: that is a mistake of whoever wrote it. */
export function casesIn(file: PolicyFile): readonly NamedCase[] {
  const findings: Diagnostic[] = []
  const root = parseDocument(file.text, new Findings(file.name, findings))
  if (root === null) throw new Error(findings.map(said).join('\n'))
  const cases = member(root, 'cases')
  if (cases?.kind !== 'list') throw new Error(`${file.name}: no cases`)
  const policies = (plain(member(root, 'policies') ?? { kind: 'map', entries: [], at: root.at }) ?? {}) as Plain
  return cases.items.map((node) => {
    const one = plain(node) as Plain
    const name = `${file.name}: ${String(one.name)}`
    return { name, load: () => caseOf(one, name, root, policies) }
  })
}

function caseOf(one: Plain, name: string, root: Node, policies: Plain): ConformanceCase {
  const strange = Object.keys(one).find((key) => !CASE_KEYS.includes(key))
  if (strange) throw new Error(`${name}: unknown key ${strange}`)
  const files = filesOf(one, policies)
  const { policy, diagnostics } = loadPolicy(files)
  const codes = (severity: string) =>
    [...new Set(diagnostics.filter((finding) => finding.severity === severity).map(({ code }) => code))].sort(byCode)
  const failures: string[] = []
  same('refused', codes('error'), strings(one.refused), failures)
  if ('warns' in one) same('warns', codes('warning'), strings(one.warns), failures)
  if (!policy)
    return {
      name,
      files,
      policy,
      expectations: [],
      failures: [...failures, ...diagnostics.filter(() => !('refused' in one)).map(said)],
    }
  const context = { name, root, policy }
  const expectations = 'when' in one ? truthsOf(one, context) : 'input' in one ? [mailOf(one, context)] : []
  if (expectations.length === 0 && !('warns' in one)) throw new Error(`${name}: expects nothing`)
  return { name, files, policy, expectations, failures }
}

/** `policy`: layers by name, or the name of such; `spec`, `rules`, `when`: a tenant's rule set, ever shorter. */
function filesOf(one: Plain, policies: Plain): readonly PolicyFile[] {
  const named = typeof one.policy === 'string' ? policies[one.policy] : one.policy
  const layers = (named ?? { tenant: tenantOf(one) }) as Plain
  return Object.entries(layers).map(([key, spec]) => {
    const layer = key.split('/')[0]!
    const metadata = { name: key.replace('/', '-'), layer, owner: `${key.replace('/', '-')}@tenant.example` }
    return {
      name: `${key.replace('/', '-')}.json`,
      text: JSON.stringify({ apiVersion: 'secflow/v1', kind: 'RuleSet', metadata, spec }, null, 1),
    }
  })
}

function tenantOf(one: Plain): Plain {
  const spec = (one.spec ?? {}) as Plain
  if ('rules' in one) return { ...spec, rules: one.rules }
  if (!('when' in one)) return spec
  const rule = Object.fromEntries([
    ['id', 'it'],
    ['when', one.when],
    ['then', [{ reject: { text: 'it holds' } }]],
  ])
  return { ...spec, rules: [rule] }
}

interface Context {
  readonly name: string
  readonly root: Node
  readonly policy: Policy
}

/** A condition and mails for which it holds, fails or is unknown; told by the outcome of a rule that rejects. */
function truthsOf(one: Plain, context: Context): readonly Expectation[] {
  const of = (key: string, outcome: string) =>
    ((one[key] ?? []) as readonly Plain[]).map((input, index): Expectation => {
      const given = inputFrom(input, context)
      return {
        input: given,
        releases: [],
        compare: ({ recipients }) =>
          recipients
            .filter((got) => got.outcome !== outcome)
            .map((got) => `${key}[${index}] ${got.address}: ${got.outcome}`),
      }
    })
  return [...of('holds', 'reject'), ...of('fails', 'deliver'), ...of('unknown', 'defer')]
}

function mailOf(one: Plain, context: Context): Expectation {
  const given = one.input as Plain
  const input = inputFrom(given, context)
  const people = (given.recipients ?? [{}]) as readonly unknown[]
  const names = people.map((person, i) => (typeof person === 'string' ? person : input.recipients[i]!.address))
  return {
    input,
    releases: (one.releases ?? []) as readonly Release[],
    compare(decision) {
      const failures: string[] = []
      for (const want of one.expected as readonly Plain[]) compare(want, decision, names, failures)
      return failures
    },
  }
}

function inputFrom(given: Plain, { name, root, policy }: Context): PolicyInput {
  const list: Diagnostic[] = []
  const node = nodeOf({ message: {}, recipients: [{}], ...given }, 30)
  if (node?.kind !== 'map') throw new Error(`${name}: the input is no map`)
  const fixtures = {
    messages: fixturesOf(root, 'messages'),
    senders: fixturesOf(root, 'senders'),
    recipients: fixturesOf(root, 'recipients'),
  }
  const input = inputOf(node, fixtures, DEFAULT_NOW, policy, new Findings(name, list))
  if (!input) throw new Error(list.map(said).join('\n'))
  return input
}

function compare(want: Plain, decision: Decision, names: readonly string[], failures: string[]): void {
  const strange = Object.keys(want).find((key) => !EXPECTED_KEYS.includes(key))
  if (strange) failures.push(`unknown expectation ${strange}`)
  if ('once' in want) same('once', decision.once.map(showOnce), want.once, failures)
  if ('copies' in want) {
    const copies = decision.copies.map((copy) => copy.recipients.map((index) => names[index]!))
    same('copies', typeof want.copies === 'number' ? copies.length : copies, want.copies, failures)
  }
  const people = 'recipients' in want ? strings(want.recipients) : names
  for (const person of people) {
    const got = decision.recipients[names.indexOf(person)]
    if (got) compareRecipient(person, got, want, failures)
    else failures.push(`${person} is no recipient`)
  }
}

function compareRecipient(name: string, got: RecipientDecision, want: Plain, failures: string[]): void {
  const sorted = (list: readonly string[]) => [...list].sort(byCode)
  const seen: Plain = {
    outcome: got.outcome,
    text: got.text ?? null,
    approvers: got.approvers ?? [],
    method: got.method,
    steps: got.steps.map(showStep),
    exact: got.steps,
    rules: sorted(got.reasons.map((reason) => reason.rule)),
    missing: sorted(got.missing.map((one) => one.field)),
    simulated: got.simulated,
  }
  for (const [key, value] of Object.entries(seen)) {
    if (!(key in want)) continue
    const unordered = key === 'rules' || key === 'missing'
    same(`${name}: ${key}`, value, unordered ? sorted(strings(want[key])) : want[key], failures)
  }
}

function same(what: string, got: unknown, want: unknown, failures: string[]): void {
  if (canonicalJson(got) !== canonicalJson(want))
    failures.push(`${what}: expected ${canonicalJson(want)}, got ${canonicalJson(got)}`)
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function said({ file, line, code, text }: Diagnostic): string {
  return `${file}:${line} ${code} ${text.en}`
}
