import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { readPolicyRepository } from '../server/policies/directory.ts'
import type { PolicyInput } from '../shared/domain/index.ts'
import { toFault } from '../shared/fault/index.ts'
import {
  analysePolicy,
  decide,
  diffPolicies,
  explain,
  explainText,
  junitXml,
  type LoadedPolicy,
  loadPolicy,
  type Policy,
  type PolicyFile,
  proveGuarantees,
  runPolicyTests,
} from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import { printAnalysis, printDiff } from './policy-analysis-print.ts'
import { type Common, common, print, run } from './policy-command.ts'
import { printFindings, printSimulation, printTests, words } from './policy-print.ts'

/** Turns a mail file into what this policy, with its labels, sees of it. */
export type InputOf = (
  file: string,
  options: {
    readonly policy: Policy
    readonly from?: string
    readonly to?: readonly string[]
    readonly facts?: string
  },
) => Promise<PolicyInput>

interface Loaded extends LoadedPolicy {
  readonly tests: readonly PolicyFile[]
  readonly count: number
}

/** Adds `policy check|diff|test|explain|simulate` to the program. */
export function registerPolicy(program: Command, io: CliIo, inputOf: InputOf): void {
  const policy = program.command('policy').description('check, test and explain rule sets')
  registerCheck(policy, io)
  registerDiff(policy, io)
  registerTest(policy, io)
  registerExplain(policy, io, inputOf)
  registerSimulate(policy, io, inputOf)
}

function registerCheck(policy: Command, io: CliIo): void {
  common(policy.command('check').argument('<dir>'), 'check examples/demo/policies')
    .description('read every rule set, report what is wrong or idle with its place, and prove the guarantees')
    .action((dir: string, options: Common) =>
      run(io, async () => {
        const loaded = await load(io, dir)
        const { policy: valid } = loaded
        const analysis = valid ? analysePolicy(valid) : { findings: [], notCovered: [] }
        const proofs = valid ? proveGuarantees(valid) : []
        const diagnostics = [...loaded.diagnostics, ...analysis.findings]
        if (options.json) {
          const revision = valid?.revision ?? null
          print(io, { valid: valid !== null, revision, diagnostics, proofs, notCovered: analysis.notCovered })
        } else {
          printFindings(io, dir, loaded, options.lang)
          printAnalysis(io, analysis, proofs, options.lang)
        }
        const wrong = diagnostics.some((one) => one.severity === 'error')
        const broken = proofs.some((proof) => proof.status === 'counterexample')
        io.exit(valid && !wrong && !broken ? 0 : 1)
      }),
    )
}

function registerDiff(policy: Command, io: CliIo): void {
  common(policy.command('diff').argument('<before>').argument('<after>'), 'diff live/policies examples/demo/policies')
    .description('say what changed in meaning; exit 1 when mail that was stopped or protected may now leave otherwise')
    .action((before: string, after: string, options: Common) =>
      run(io, async () => {
        const [old, now] = [await load(io, before), await load(io, after)]
        if (!old.policy) return refuse(io, before, old, options)
        if (!now.policy) return refuse(io, after, now, options)
        const changes = diffPolicies(old.policy, now.policy)
        const revisions = { before: old.policy.revision, after: now.policy.revision }
        if (options.json) print(io, { ...revisions, changes })
        else printDiff(io, changes, options.lang)
        io.exit(changes.some((change) => change.flags.length > 0) ? 1 : 0)
      }),
    )
}

interface TestOptions extends Common {
  readonly junit?: string
  readonly requireTests?: boolean
}

function registerTest(policy: Command, io: CliIo): void {
  common(policy.command('test').argument('<dir>'), 'test examples/demo/policies --junit result.xml --require-tests')
    .description('run the *_test.yaml files of a directory')
    .option('--junit <file>', 'write the result as JUnit XML')
    .option('--require-tests', 'without tests, or with a rule that no test saw at work, fail')
    .action((dir: string, options: TestOptions) =>
      run(io, async () => {
        const loaded = await load(io, dir)
        if (!loaded.policy) return refuse(io, dir, loaded, options)
        const result = runPolicyTests(loaded.policy, loaded.tests)
        if (options.junit) await writeFile(path.resolve(io.cwd, options.junit), junitXml(result))
        if (options.json) print(io, result)
        else printTests(io, result, options.requireTests ?? false, options.lang)
        const lacking = options.requireTests && (result.cases.length === 0 || result.uncovered.length > 0)
        const broken = result.diagnostics.some((finding) => finding.severity === 'error')
        io.exit(result.failed > 0 || broken || lacking ? 1 : 0)
      }),
    )
}

interface ExplainOptions extends Common {
  readonly from: string
  readonly to: string
  readonly facts?: string
}

function registerExplain(policy: Command, io: CliIo, inputOf: InputOf): void {
  common(
    policy.command('explain').argument('<dir>').argument('<mail>'),
    'explain examples/demo/policies mail.eml --from a@demo.example --to b@x.example,c@y.example',
  )
    .description('say per recipient what happens to a mail and which rules made it so')
    .requiredOption('--from <address>', 'envelope sender')
    .requiredOption('--to <addresses>', 'envelope recipients, with commas between them')
    .option('--facts <file>', 'YAML with keys, phones and groups of people')
    .action((dir: string, mail: string, options: ExplainOptions) =>
      run(io, async () => {
        const loaded = await load(io, dir)
        if (!loaded.policy) return refuse(io, dir, loaded, options)
        const to = addresses(options.to)
        if (to.length === 0) return wrongUse(io, words[options.lang].noRecipient)
        const input = await inputOf(path.resolve(io.cwd, mail), {
          policy: loaded.policy,
          from: options.from,
          to,
          ...factsOf(io, options.facts),
        })
        const explanation = explain(loaded.policy, input)
        if (options.json) print(io, explanation)
        else io.out(explainText(explanation, options.lang).trimEnd())
        io.exit(0)
      }),
    )
}

interface SimulateOptions extends Common {
  readonly from?: string
  readonly to?: string
  readonly facts?: string
}

function registerSimulate(policy: Command, io: CliIo, inputOf: InputOf): void {
  common(
    policy.command('simulate').argument('<dir>').argument('<mails...>'),
    'simulate examples/demo/policies mails/*.eml --facts facts.yaml',
  )
    .description('dry run: what would happen to these mails; nothing is delivered')
    .option('--from <address>', 'envelope sender, else the From of each mail')
    .option('--to <addresses>', 'envelope recipients, else To and Cc of each mail')
    .option('--facts <file>', 'YAML with keys, phones and groups of people')
    .action((dir: string, mails: string[], options: SimulateOptions) =>
      run(io, async () => {
        const loaded = await load(io, dir)
        if (!loaded.policy) return refuse(io, dir, loaded, options)
        const envelope = {
          ...(options.from === undefined ? {} : { from: options.from }),
          ...(options.to === undefined ? {} : { to: addresses(options.to) }),
          ...factsOf(io, options.facts),
        }
        const results = await simulate(io, loaded.policy, mails, envelope, inputOf)
        if (options.json) print(io, { revision: loaded.policy.revision, mails: results })
        else printSimulation(io, results, options.lang)
        io.exit(results.some((one) => one.error !== undefined) ? 1 : 0)
      }),
    )
}

/** One mail that cannot be read does not end the run. */
async function simulate(
  io: CliIo,
  policy: Policy,
  mails: readonly string[],
  envelope: Omit<Parameters<InputOf>[1], 'policy'>,
  inputOf: InputOf,
) {
  const results = []
  for (const mail of mails) {
    try {
      results.push({
        mail,
        decision: decide(policy, await inputOf(path.resolve(io.cwd, mail), { policy, ...envelope })),
      })
    } catch (error) {
      const fault = toFault(error)
      results.push({ mail, error: fault.detail || fault.code })
    }
  }
  return results
}

async function load(io: CliIo, dir: string): Promise<Loaded> {
  const { policies, tests } = await readPolicyRepository(path.resolve(io.cwd, dir))
  return { ...loadPolicy(policies), tests, count: policies.length }
}

/** A policy with errors: its findings go to stderr, nothing is run. */
function refuse(io: CliIo, dir: string, loaded: Loaded, options: Common): void {
  if (options.json) print(io, { valid: false, diagnostics: loaded.diagnostics })
  else printFindings({ ...io, out: (text) => io.err(text) }, dir, loaded, options.lang)
  io.exit(1)
}

function wrongUse(io: CliIo, text: string): void {
  io.err(text)
  io.exit(2)
}

function addresses(list: string): readonly string[] {
  return list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}

function factsOf(io: CliIo, file: string | undefined): { facts?: string } {
  return file === undefined ? {} : { facts: path.resolve(io.cwd, file) }
}
