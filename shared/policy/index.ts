/** The policy language: load, analyse, compare, decide, explain, test. Pure: no I/O, no clock, no eval. */

export { type Analysis, analysePolicy, type Finding } from './analyse/findings.ts'
export { type Proof, type ProofStatus, proveGuarantees } from './analyse/guarantees.ts'
export { mailWords } from './analyse/mail-words.ts'
export {
  type BuiltBundle,
  type BundleOptions,
  type BundleSigner,
  buildBundle,
  packBundle,
} from './bundle/build.ts'
export type { ReadPayload } from './bundle/dsse.ts'
export type { BundleManifest } from './bundle/manifest.ts'
export {
  MAX_BUNDLE,
  type OpenedBundle,
  openBundle,
  type ReadBundle,
  type ReadOptions,
  readBundle,
  readingBundle,
  type TrustRoots,
} from './bundle/read.ts'
export { MAX_ROLLBACK, rollbackTo, rolledBackTo } from './bundle/rollback.ts'
export type { Diagnostic, Position, Text } from './diagnostic.ts'
export type { DiagnosticCode } from './diagnostic-texts.ts'
export type { Change, Flag, Relation } from './diff/change.ts'
export { diffing, diffPolicies } from './diff/diff.ts'
export { decide, deciding, type Release } from './evaluate/decide.ts'
export { type Explanation, explain, explaining, type RecipientExplanation, type RuleTrace } from './explain/explain.ts'
export { explainText } from './explain/text.ts'
export type { LeafTrace } from './explain/trace.ts'
export type { Label, TenantLabels } from './labels.ts'
export type { Layer } from './layer.ts'
export type { ListCopies, ListCopy, ListOrigin, ListSource } from './list-source.ts'
export { unsoundEntry } from './live-lists.ts'
export { type LoadedPolicy, loadPolicy, type PolicyFile, TEST_FILE } from './load.ts'
export { loadingCanonical } from './load-canonical.ts'
export {
  type FactRequest,
  findingNeeds,
  type Lookup,
  neededFacts,
  readsFileText,
  unrecordedFacts,
} from './match/needs.ts'
export { type Policy, withLists } from './policy.ts'
export { type RecordedInput, redactInput, rulesOf } from './replay/record.ts'
export { Replay, type ReplayReport, replay } from './replay/replay.ts'
export { ruleSetSchema } from './schema.ts'
export { showOnce, showStep } from './show.ts'
export { junitXml } from './testing/junit.ts'
export { type PolicyTestCase, type PolicyTestResult, runPolicyTests } from './testing/run.ts'
export type { Sha256 } from './text/canonical.ts'
export { type Vocabulary, vocabulary } from './vocabulary.ts'
