/**
 * Stryker's test runner for code that is pure: tests stay loaded in one process, where Stryker has compiled every mutant in
 * and one number says which is active. A mutant costs the milliseconds of the tests that reach it, not the start of a runner.
 */
import { globSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Collected } from './in-process.ts'

/**
 * What holds the core of the policy language: fast, without services or chance, and each test loads its policies itself,
 * for whatever a test file decides at its import counts as a constant, and costs a new process a mutant.
 */
const TESTS = [
  'shared/policy/meaning.test.ts',
  'shared/policy/{evaluate,registry}/*.test.ts',
  'test/conformance/policy.test.ts',
]

/** How instrumented code and its runner speak to each other. */
interface Switch {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  mutantCoverage?: unknown
  hitCount?: number | undefined
  hitLimit?: number | undefined
}

interface MutantRun {
  readonly activeMutant: { readonly id: string }
  readonly testFilter?: readonly string[]
  readonly hitLimit?: number
  readonly mutantActivation: 'runtime' | 'static'
}

const SUCCESS = 0
const FAILED = 1
const shared = globalThis as { __stryker__?: Switch }
shared.__stryker__ ??= {}
const mutants = shared.__stryker__

class InProcessRunner {
  #tests: readonly Collected[] | undefined
  #runs = 0
  #spoiled = false

  /** For a mutant of code that runs once, at import, Stryker starts this process anew. */
  capabilities() {
    return { reloadEnvironment: false }
  }

  async dryRun() {
    mutants.mutantCoverage = { static: {}, perTest: {} }
    const tests = []
    for (const { id, file, run } of await this.#load()) {
      mutants.currentTestId = id
      const start = performance.now()
      const failure = await failureOf(run)
      const result = { id, name: id, fileName: join(process.cwd(), file), timeSpentMs: performance.now() - start }
      tests.push(
        failure === null ? { ...result, status: SUCCESS } : { ...result, status: FAILED, failureMessage: failure },
      )
    }
    mutants.currentTestId = undefined
    return { status: 'complete', tests, mutantCoverage: mutants.mutantCoverage }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }: MutantRun) {
    // Stryker tries once more, in a new process.
    if (this.#spoiled) throw new Error('the mutant before left something behind')
    this.#runs++
    if (mutantActivation === 'static') mutants.activeMutant = activeMutant.id
    const all = await this.#load()
    const chosen = testFilter ? new Set(testFilter) : null
    const tests = chosen ? all.filter(({ id }) => chosen.has(id)) : all
    mutants.hitCount = hitLimit === undefined ? undefined : 0
    mutants.hitLimit = hitLimit
    let nrOfTests = 0
    for (const { id, run } of tests) {
      nrOfTests++
      mutants.activeMutant = activeMutant.id
      const failure = await failureOf(run)
      mutants.activeMutant = undefined
      if (failure === null) continue
      if (hitLimit !== undefined && mutants.hitCount! > hitLimit) return { status: 'timeout', reason: failure }
      mutants.hitCount = undefined
      // Without the mutant the test must pass again, else this process is of no more use, and was perhaps before.
      if (mutantActivation === 'runtime' && (await failureOf(run)) !== null) {
        this.#spoiled = true
        if (this.#runs > 1) throw new Error(`${id} fails without mutant ${activeMutant.id} too`)
      }
      return { status: 'killed', killedBy: [id], failureMessage: failure, nrOfTests }
    }
    return { status: 'survived', nrOfTests }
  }

  async #load(): Promise<readonly Collected[]> {
    if (this.#tests) return this.#tests
    const here = pathToFileURL(join(import.meta.dirname, 'in-process.ts')).href
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'vitest' ? { url: here, shortCircuit: true } : next(specifier, context),
    })
    const { collect } = await import('./in-process.ts')
    const tests: Collected[] = []
    for (const file of globSync(TESTS).sort()) tests.push(...(await collect(file)))
    this.#tests = tests
    return tests
  }
}

async function failureOf(run: () => unknown): Promise<string | null> {
  try {
    await run()
    return null
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure)
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', injectableClass: InProcessRunner }]
