/**
 * The runtime of classic Outlook for launch events: the language of 2016, timers and `Office`, and nothing of a browser. What was
 * added to the language later is taken away; touching a page ends the script, as it does there.
 */
import vm from 'node:vm'
import type { OfficeHost } from '../../addin/launch/host.ts'
import type { VirtualClock } from './virtual-clock.ts'

const PAGE = ['window', 'document', 'location', 'localStorage', 'sessionStorage', 'navigator', 'self']

/** Runs in the context: everything beyond ES2016 goes. */
const ONLY_2016 = `
const late = {
  Object: ['entries', 'values', 'fromEntries', 'getOwnPropertyDescriptors', 'hasOwn', 'groupBy'],
  Promise: ['allSettled', 'any', 'withResolvers', 'try'],
  Array: ['fromAsync'],
}
for (const [owner, names] of Object.entries(late)) for (const name of names) delete globalThis[owner][name]
const lateMethods = {
  Array: ['at', 'flat', 'flatMap', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with'],
  String: ['at', 'padStart', 'padEnd', 'trimStart', 'trimEnd', 'matchAll', 'replaceAll', 'isWellFormed', 'toWellFormed'],
  Promise: ['finally'],
  Set: ['union', 'intersection', 'difference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom', 'symmetricDifference'],
}
for (const owner of Reflect.ownKeys(lateMethods)) for (const name of lateMethods[owner]) delete globalThis[owner].prototype[name]
for (const name of ['BigInt', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics', 'AggregateError', 'Iterator', 'WebAssembly', 'Intl'])
  delete globalThis[name]
delete globalThis.globalThis
`

export interface Classic {
  /** Global names that the script made. */
  readonly leaked: readonly string[]
}

/** Loads a script; it raises what the script raises. `without` are globals that this build lacks. */
export function loadClassic(
  code: string,
  office: OfficeHost | undefined,
  clock: VirtualClock,
  without: readonly string[] = [],
): Classic {
  const context = vm.createContext({}, { codeGeneration: { strings: false, wasm: false } })
  const global = vm.runInContext('this', context) as Record<string, unknown>
  vm.runInContext(ONLY_2016.replace('globalThis.globalThis', 'this.globalThis'), context)
  const given: Record<string, unknown> = {
    setTimeout: clock.setTimeout,
    clearTimeout: clock.clearTimeout,
    console: { log() {}, error() {} },
  }
  for (const [name, value] of Object.entries(given)) if (!without.includes(name)) global[name] = value
  if (office) global.Office = office
  vm.runInContext(`Date.now = () => ${EPOCH} + now()`, Object.assign(context, { now: () => clock.now }))
  for (const name of PAGE) {
    Object.defineProperty(global, name, {
      get() {
        throw new ReferenceError(`${name} is not available`)
      },
    })
  }
  const before = new Set(Object.keys(global))
  vm.runInContext(code, context, { filename: 'launchevent.js' })
  return { leaked: Object.keys(global).filter((name) => !before.has(name)) }
}

/** Time of day at the start of the virtual clock. */
export const EPOCH = Date.parse('2026-11-23T10:00:00Z')
