/** From files to a policy: read, link across files, compile. */
import type { Method } from '../domain/index.ts'
import { type Diagnostic, Findings, type Position } from './diagnostic.ts'
import type { RuleSet } from './ir.ts'
import { STANDARD_LABELS, type TenantLabels, tenantLabels } from './labels.ts'
import { LAYERS, type Layer } from './layer.ts'
import { checkLinks } from './link.ts'
import { indexing, indexOf } from './match/rule-index.ts'
import { canonicalSet } from './parse/canonical-text.ts'
import { parseDocument } from './parse/document.ts'
import type { Env, Known } from './parse/env.ts'
import { entryOf, member, type Node } from './parse/node.ts'
import { type ReadSet, readingRuleSet, readLabels } from './parse/ruleset.ts'
import { compilingPolicy, type Policy } from './policy.ts'
import { METHODS } from './registry/actions/protect.ts'
import { PHASES } from './registry/actions.ts'
import { completed, type Steps } from './steps.ts'
import { byCode, canonicalJson, digest, type Sha256 } from './text/canonical.ts'
import { nearest } from './text/nearest.ts'

export interface PolicyFile {
  readonly name: string
  readonly text: string
}

export interface LoadOptions {
  readonly sha256?: Sha256
  /** The revision of canonical texts in their order, for whoever may know it already. Default: `revisionOf`. */
  readonly revisionOf?: (texts: readonly string[]) => string
}

export interface LoadedPolicy {
  /** Null as soon as one finding is an error. */
  readonly policy: Policy | null
  readonly diagnostics: readonly Diagnostic[]
  /** The rule sets as canonical JSON, in the order that the revision is taken over: what a bundle carries. Empty without a policy. */
  readonly canonical: readonly PolicyFile[]
}

/** Kinds of documents in a policy repository that are not rule sets. */
const OTHER_KINDS = ['PolicyTest', 'PolicyFixtures', 'Facts']
export const TEST_FILE = /_test\.(ya?ml|json)$/
const START: Position = { line: 1, column: 1 }

/** A document with its file, before it is known to be a rule set. */
export interface PolicyDocument {
  readonly file: string
  readonly root: Node
}

/** One that was read from its canonical text, where equal nodes are one. */
export interface CanonicalDocument extends PolicyDocument {
  readonly text: string
}

interface Found extends PolicyDocument {
  readonly findings: Findings
}

interface Parsed extends Found {
  /** Whether equal nodes in it are mostly one. */
  readonly shared: boolean
  canonical(): string
}

/** Loads rule sets (YAML or JSON). Test files and other kinds of documents are left aside; anything unknown in a rule set is an error. */
export function loadPolicy(files: readonly PolicyFile[], options: LoadOptions = {}): LoadedPolicy {
  const list: Diagnostic[] = []
  const parsed = [...files]
    .filter((file) => !TEST_FILE.test(file.name))
    .sort((a, b) => byCode(a.name, b.name))
    .flatMap((file) => parseFile(file, list))
  return completed(loadParsed(parsed.map(written), files[0]?.name, list, options))
}

/** The same for documents that were read before. */
export function loadDocuments(documents: readonly PolicyDocument[], options: LoadOptions = {}): LoadedPolicy {
  const list: Diagnostic[] = []
  const found = documents.flatMap(({ file, root }) => ruleSetOf(file, root, new Findings(file, list)))
  return completed(loadParsed(found.map(written), documents[0]?.file, list, options))
}

/** The same for documents of a bundle, stopping now and then. */
export function* loadingDocuments(
  documents: readonly CanonicalDocument[],
  options: LoadOptions = {},
): Steps<LoadedPolicy> {
  const list: Diagnostic[] = []
  const parsed = documents.flatMap(({ file, root, text }) =>
    ruleSetOf(file, root, new Findings(file, list)).map((one) => ({ ...one, shared: true, canonical: () => text })),
  )
  return yield* loadParsed(parsed, documents[0]?.file, list, options)
}

const written = (found: Found): Parsed => ({ ...found, shared: false, canonical: () => canonicalSet(found.root) })

function* loadParsed(
  parsed: readonly Parsed[],
  first: string | undefined,
  list: Diagnostic[],
  { sha256, revisionOf = (texts) => revisionBy(sha256 ?? digest, texts) }: LoadOptions,
): Steps<LoadedPolicy> {
  if (parsed.length === 0 && list.length === 0) new Findings(first ?? '.', list).add('no-rule-set', START)
  const labels = labelsOf(parsed)
  const knownOf = sharedReadings()
  const read: ReadSet[] = []
  for (const { file, root, findings, shared } of parsed) {
    const alone = env(findings, labels)
    const known = shared ? { known: knownOf(root) } : {}
    const set = yield* readingRuleSet(root, file, { ...alone, ...known })
    if (set) read.push(set)
  }
  yield* checkLinks(
    read.map(({ set }) => set),
    list,
  )
  const order = theOne(read, 'order', list) ?? PHASES
  const preference = complete(theOne(read, 'preference', list) ?? METHODS)
  const diagnostics = [...list].sort((a, b) => byCode(a.file, b.file) || a.line - b.line || a.column - b.column)
  if (diagnostics.some((finding) => finding.severity === 'error') || read.length === 0)
    return { policy: null, diagnostics, canonical: [] }
  const canonical = canonicalSets(parsed)
  // One digest per meaning: neither the order of rules nor comments, layout or file names count.
  const revision = revisionOf(canonical.map(({ text }) => text))
  const sets: readonly RuleSet[] = read.map(({ set }) => set)
  yield
  const policy = yield* compilingPolicy(sets, {
    revision,
    tenantLabels: labels,
    order,
    preference,
    distinct: parsed.every(({ shared }) => shared),
    ...(sha256 ? { sha256 } : {}),
  })
  yield* indexing(policy)
  return { policy, diagnostics: [...diagnostics, ...slowRules(policy, sets)], canonical }
}

/** The revision of a policy: of its canonical rule sets in their order. */
export function revisionBy(sha256: Sha256, texts: readonly string[]): string {
  return sha256('[', ...texts.flatMap((text, i) => (i === 0 ? text : [',', text])), ']')
}

/** So many rules that are tried on every mail are no burden. */
const MANY_RESIDUAL = 100

/** One finding, at the first of them, when too many rules cannot be found by what a mail has. */
function slowRules(policy: Policy, sets: readonly RuleSet[]): readonly Diagnostic[] {
  const { residual, rules } = indexOf(policy)
  const first = residual.length > MANY_RESIDUAL ? rules[residual[0]!] : undefined
  const set = first && sets.find(({ name }) => name === first.set)
  const at = set?.rules.find(({ id }) => id === first?.id)?.at
  if (!set || !at) return []
  const list: Diagnostic[] = []
  const ids = [...residual.slice(0, 3)].map((position) => rules[position]!.id).join(', ')
  new Findings(set.file, list).add('unindexable', at, { name: String(residual.length), detail: ids })
  return list
}

function parseFile({ name, text }: PolicyFile, list: Diagnostic[]): Found[] {
  const findings = new Findings(name, list)
  const before = list.length
  const root = parseDocument(text, findings)
  if (root === null) {
    if (list.length === before) findings.add('no-rule-set', START)
    return []
  }
  return ruleSetOf(name, root, findings)
}

function ruleSetOf(name: string, root: Node, findings: Findings): Found[] {
  const kind = scalar(root, 'kind')
  if (OTHER_KINDS.includes(kind)) return []
  const version = scalar(root, 'apiVersion')
  if (version !== 'secflow/v1')
    findings.add('unknown-version', entryOf(root, 'apiVersion')?.at ?? root.at, { name: version || '-' })
  if (kind !== 'RuleSet') {
    const at = entryOf(root, 'kind')?.at ?? root.at
    findings.add('unknown-kind', at, { name: kind || '-' }, nearest(kind, ['RuleSet', ...OTHER_KINDS]))
    return []
  }
  return [{ file: name, root, findings }]
}

function scalar(root: Node, key: string): string {
  const node = member(root, key)
  return node?.kind === 'scalar' ? String(node.value) : ''
}

/** What a set says that lets one and the same condition mean something else than in another set. */
const SURROUNDINGS = ['lists', 'schedules', 'allow']

/** Where nodes that stand in several places are kept as they were read: together, as far as sets give them the same meaning. */
function sharedReadings(): (root: Node) => Known {
  const none = (): Known => ({ conditions: {}, actions: {} })
  const conditions: Known['conditions'] = {}
  return (root) => {
    const spec = member(root, 'spec')
    // Which actions a layer may use differs.
    return SURROUNDINGS.some((key) => member(spec, key)) ? none() : { ...none(), conditions }
  }
}

function env(findings: Findings, labels: TenantLabels): Env {
  return { findings, labels, lists: new Map(), schedules: new Map(), usedLists: new Set(), allowed: new Set() }
}

function labelsOf(parsed: readonly Parsed[]): TenantLabels {
  const standard = tenantLabels(STANDARD_LABELS)
  let found: { labels: TenantLabels; file: string } | undefined
  for (const { file, root, findings } of parsed) {
    const own = readLabels(root, env(findings, standard))
    if (!own) continue
    if (found) findings.add('conflicting-labels', own.at, { name: found.file })
    else found = { labels: tenantLabels(own.labels, own.standard), file }
  }
  return found?.labels ?? standard
}

/** A setting of the tenant layer that several files may repeat but not contradict. */
function theOne<K extends 'order' | 'preference'>(
  read: readonly ReadSet[],
  key: K,
  list: Diagnostic[],
): ReadSet['settings'][K] {
  let first: ReadSet | undefined
  for (const one of read) {
    if (!one.settings[key]) continue
    if (first && canonicalJson(first.settings[key]) !== canonicalJson(one.settings[key])) {
      new Findings(one.set.file, list).add('conflicting-setting', one.settings.at, {
        name: key,
        detail: first.set.file,
      })
    }
    first ??= one
  }
  return first?.settings[key]
}

/** Methods the tenant did not rank come last, in their own order. */
function complete(preference: readonly Method[]): readonly Method[] {
  return [...preference, ...METHODS.filter((method) => !preference.includes(method))]
}

/** Rule sets, highest layer first. */
function canonicalSets(parsed: readonly Parsed[]): readonly PolicyFile[] {
  return parsed
    .map(({ file, root, canonical }) => {
      const metadata = member(root, 'metadata')
      const [layer, name] = ['layer', 'name'].map((key) => scalar(metadata ?? root, key))
      return { layer: layer as Layer, name: name!, file, text: canonical() }
    })
    .sort((a, b) => LAYERS.indexOf(a.layer) - LAYERS.indexOf(b.layer) || byCode(a.name, b.name))
    .map(({ file, text }) => ({ name: file, text }))
}
