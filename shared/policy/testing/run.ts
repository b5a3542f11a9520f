/** Tests of policies, written as data: `*_test.yaml`. */
import type { Decision, PolicyInput, RecipientDecision } from '../../domain/index.ts'
import { type Diagnostic, Findings } from '../diagnostic.ts'
import { decide } from '../evaluate/decide.ts'
import { selectByIndex } from '../evaluate/merge.ts'
import { Facts, messageCache } from '../facts.ts'
import type { ListCopies } from '../list-source.ts'
import type { PolicyFile } from '../load.ts'
import { parseDocument } from '../parse/document.ts'
import { type MapNode, member, type Node, plain } from '../parse/node.ts'
import { checkKeys } from '../parse/shape.ts'
import { type CompiledRule, type Policy, withLists } from '../policy.ts'
import { showOnce, showStep } from '../show.ts'
import { byCode, canonicalJson } from '../text/canonical.ts'
import { type Fixtures, fixturesOf, inputOf } from './fixtures.ts'

export interface PolicyTestCase {
  readonly file: string
  readonly line: number
  readonly name: string
  /** Empty when it passed. */
  readonly failures: readonly string[]
}

export interface PolicyTestResult {
  readonly cases: readonly PolicyTestCase[]
  readonly passed: number
  readonly failed: number
  /** What is wrong with the test files themselves. */
  readonly diagnostics: readonly Diagnostic[]
  /**
   * What no test saw at work: a rule by its id, one branch of several as `id else`, `id choose[1]`. Guarantees are not among
   * them: good rules never let one be violated.
   */
  readonly uncovered: readonly string[]
}

const DEFAULT_NOW = '2026-03-02T10:00:00+01:00'
const EXPECTED_KEYS = [
  'recipients',
  'outcome',
  'method',
  'rules',
  'steps',
  'missing',
  'simulated',
  'text',
  'copies',
  'once',
]

/** Runs every case of every file against one policy. Fixtures of `kind: PolicyFixtures` serve all files. */
export function runPolicyTests(policy: Policy, testFiles: readonly PolicyFile[]): PolicyTestResult {
  const diagnostics: Diagnostic[] = []
  const documents = [...testFiles]
    .sort((a, b) => byCode(a.name, b.name))
    .flatMap((file) => {
      const findings = new Findings(file.name, diagnostics)
      const root = parseDocument(file.text, findings)
      return root?.kind === 'map' ? [{ file: file.name, root, findings }] : []
    })
  const shared = documents.filter(({ root }) => text(root, 'kind') === 'PolicyFixtures').map(({ root }) => root)
  const covered = new Set<string>()
  const cases = documents.flatMap(({ file, root, findings }) => {
    if (text(root, 'kind') === 'PolicyFixtures') return []
    checkKeys(
      root.entries,
      ['apiVersion', 'kind', 'name', 'now', 'messages', 'senders', 'recipients', 'lists', 'tests'],
      findings,
    )
    const fixtures = gather([...shared, root])
    const now = text(root, 'now') || DEFAULT_NOW
    const informed = withLists(policy, copiesOf([...shared, root], policy, findings))
    const tests = member(root, 'tests')
    if (tests?.kind !== 'list') findings.add('missing-key', root.at, { name: 'tests' })
    return (tests?.kind === 'list' ? tests.items : []).map((node) =>
      runCase(informed, node, { file, fixtures, now, findings, covered }),
    )
  })
  const failed = cases.filter((one) => one.failures.length > 0).length
  const uncovered = policy.rules.flatMap(branchesOf).filter((name) => !covered.has(name))
  return { cases, passed: cases.length - failed, failed, diagnostics, uncovered }
}

/** Copies of lists from outside, as tests give them by `set/list`; one that is not given is unknown. */
function copiesOf(documents: readonly MapNode[], policy: Policy, findings: Findings): ListCopies {
  const entries = documents.flatMap((document) => {
    const lists = member(document, 'lists')
    return lists?.kind === 'map' ? lists.entries : []
  })
  checkKeys(entries, [...policy.sources.keys()], findings)
  return new Map(
    entries.map(({ key, value }) => {
      const values = (value.kind === 'list' ? value.items : []).map((item) => String(plain(item)))
      return [key, { version: 'test', values, goodUntil: Number.POSITIVE_INFINITY }] as const
    }),
  )
}

/** Names of a rule's branches: its id alone where there is only one. */
function branchesOf(rule: CompiledRule): readonly string[] {
  const named = rule.branches.map((_, index) => (rule.choose ? `choose[${index}]` : 'then'))
  const all = rule.else.length > 0 ? [...named, 'else'] : named
  return all.length === 1 ? [rule.id] : all.map((branch) => `${rule.id} ${branch}`)
}

/** Branches that apply to a recipient of this mail. */
function branchesAtWork(policy: Policy, input: PolicyInput): readonly string[] {
  const cache = messageCache(policy.lists)
  return input.recipients.flatMap((recipient) =>
    selectByIndex(policy, new Facts(input, recipient, policy.tenantLabels, cache)).flatMap(({ rule, branch }) =>
      branch === null ? [] : [rule.id, `${rule.id} ${branch}`],
    ),
  )
}

interface Suite {
  readonly file: string
  readonly fixtures: Fixtures
  readonly now: string
  readonly findings: Findings
  readonly covered: Set<string>
}

function runCase(policy: Policy, node: Node, suite: Suite): PolicyTestCase {
  const { findings, file } = suite
  const name = text(node, 'name') || '(no name)'
  const done = (failures: readonly string[]): PolicyTestCase => ({ file, line: node.at.line, name, failures })
  if (node.kind === 'map') checkKeys(node.entries, ['name', 'input', 'expected'], findings)
  const inputNode = member(node, 'input')
  const expected = member(node, 'expected')
  if (inputNode?.kind !== 'map' || expected?.kind !== 'list') {
    findings.add('missing-key', node.at, { name: inputNode?.kind === 'map' ? 'expected' : 'input' })
    return done(['the case is not complete'])
  }
  const input = inputOf(inputNode, suite.fixtures, suite.now, policy, findings)
  if (!input) return done(['the input is not valid, see the findings'])
  const decision = decide(policy, input)
  for (const branch of branchesAtWork(policy, input)) suite.covered.add(branch)
  const names = namesOf(inputNode)
  return done(expected.items.flatMap((one) => compare(one, decision, input, names, findings)))
}

/** How a test calls its recipients: by fixture name, else by address. */
function namesOf(input: MapNode): readonly string[] {
  const list = member(input, 'recipients')
  if (list?.kind !== 'list') return []
  return list.items.map((item) => (item.kind === 'scalar' ? String(item.value) : text(item, 'address')))
}

function compare(
  node: Node,
  decision: Decision,
  input: PolicyInput,
  names: readonly string[],
  findings: Findings,
): string[] {
  if (node.kind !== 'map') return ['an expectation is a map']
  checkKeys(node.entries, EXPECTED_KEYS, findings)
  const want = plain(node) as Readonly<Record<string, unknown>>
  const failures: string[] = []
  if ('copies' in want) check('copies', decision.copies.length, want['copies'], failures)
  if ('once' in want) check('once', decision.once.map(showOnce), want['once'], failures)
  for (const name of Array.isArray(want['recipients']) ? want['recipients'].map(String) : []) {
    const index = names.indexOf(name)
    const got = decision.recipients[index < 0 ? input.recipients.findIndex((one) => one.address === name) : index]
    if (!got) failures.push(`${name} is no recipient of this case`)
    else failures.push(...compareRecipient(name, got, want))
  }
  return failures
}

function compareRecipient(name: string, got: RecipientDecision, want: Readonly<Record<string, unknown>>): string[] {
  const failures: string[] = []
  const seen: Readonly<Record<string, unknown>> = {
    outcome: got.outcome,
    method: got.method,
    text: got.text ?? null,
    rules: got.reasons.map((reason) => reason.rule).sort(byCode),
    steps: got.steps.map(showStep),
    missing: got.missing.map((one) => one.field).sort(byCode),
    simulated: got.simulated,
  }
  for (const [key, value] of Object.entries(seen)) {
    if (!(key in want)) continue
    const wanted = want[key]
    const unordered = (key === 'rules' || key === 'missing') && Array.isArray(wanted)
    check(`${name}: ${key}`, value, unordered ? [...wanted].map(String).sort(byCode) : wanted, failures)
  }
  return failures
}

function check(what: string, got: unknown, want: unknown, failures: string[]): void {
  if (canonicalJson(got) !== canonicalJson(want)) failures.push(`${what}: expected ${show(want)}, got ${show(got)}`)
}

function show(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(' | ')}]` : String(value)
}

function gather(roots: readonly Node[]): Fixtures {
  const all = (key: 'messages' | 'senders' | 'recipients') =>
    new Map(roots.flatMap((root) => [...fixturesOf(root, key)]))
  return { messages: all('messages'), senders: all('senders'), recipients: all('recipients') }
}

function text(node: Node, key: string): string {
  const value = member(node, key)
  return value?.kind === 'scalar' && value.value !== null ? String(value.value) : ''
}
