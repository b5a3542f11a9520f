/**
 * Runs in pages of the add-in before Office.js, in the simulator only. Office.js of 2022 wants a few functions of an older
 * library and would fetch them from elsewhere; and a client brings the bridge for signing in.
 */
import { overlaySettings } from './settings.ts'

type Loose = Record<string, unknown>

const page = window as unknown as Loose & { nestedAppAuthBridge?: object }
function namespace(name: string): Loose {
  page[name] ??= {}
  return page[name] as Loose
}

const sys = namespace('Sys')
sys.Serialization = { JavaScriptSerializer: { serialize: JSON.stringify, deserialize: JSON.parse } }
sys.Debug = { trace() {} }
sys.StringBuilder = class {
  readonly pieces: string[] = []
  append(text: string): void {
    this.pieces.push(text)
  }
  toString(): string {
    return this.pieces.join('')
  }
}
const loose = Function as unknown as Loose
loose._validateParams ??= () => null
loose.registerNamespace = namespace
;(Function.prototype as unknown as Loose).registerClass = () => {}
page.Type = Function
const format = (text: string, ...given: readonly unknown[]) =>
  text.replace(/\{(\d+)\}/g, (_, at: string) => String(given[Number(at)]))
;(String as unknown as Loose).format ??= format
for (const kind of [
  'argument',
  'parameterCount',
  'notImplemented',
  'argumentNull',
  'argumentType',
  'argumentUndefined',
  'argumentOutOfRange',
])
  (Error as unknown as Loose)[kind] ??= (text: string) => new Error(`${kind}: ${text}`)

if (overlaySettings()?.profile.nestedAppAuth) {
  const listeners = new Set<(answer: string) => void>()
  page.nestedAppAuthBridge = {
    addEventListener: (_: string, listener: (answer: string) => void) => listeners.add(listener),
    removeEventListener: (_: string, listener: (answer: string) => void) => listeners.delete(listener),
    postMessage: (text: string) => window.parent.postMessage({ nestedAppAuth: text }, location.origin),
  }
  addEventListener('message', ({ data, source }: MessageEvent<{ readonly nestedAppAuthAnswer?: string } | null>) => {
    const answer = data?.nestedAppAuthAnswer
    if (source === window.parent && answer !== undefined) for (const listener of listeners) listener(answer)
  })
}

/** Faults of the network that the simulator's menu asks for: they concern the API of the add-in, not its files. */
const fetched = window.fetch.bind(window)
window.fetch = async (input, init) => {
  const wanted = (window.parent as unknown as { secflowServerFault?: string }).secflowServerFault ?? ''
  const url = new URL(input instanceof Request ? input.url : String(input), location.href)
  if (!wanted || !url.pathname.startsWith('/api/')) return fetched(input, init)
  if (wanted === 'offline') throw new TypeError('Failed to fetch')
  if (wanted === 'slow') {
    await new Promise((resolve) => setTimeout(resolve, 8000))
    return fetched(input, init)
  }
  const problem = { type: 'about:blank', title: `simulated ${wanted}`, status: Number(wanted) }
  const headers = { 'content-type': 'application/problem+json', ...(wanted === '429' ? { 'retry-after': '5' } : {}) }
  return new Response(JSON.stringify(problem), { status: Number(wanted), headers })
}
