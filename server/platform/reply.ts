import { Fault } from '../../shared/fault/index.ts'

/** Statuses of RFC 9110 and RFC 8470 that say "later". */
const LATER: ReadonlySet<number> = new Set([408, 425, 429])

/**
 * What the answer of a service outside means: 2xx is fine; 408, 425, 429 and 5xx raise `effect-unreachable`, which is tried
 * again; everything else, redirects too, raises `effect-refused`.
 */
export function checkStatus(service: string, status: number): void {
  if (status >= 200 && status < 300) return
  const later = status >= 500 || LATER.has(status)
  throw new Fault(later ? 'effect-unreachable' : 'effect-refused', `${service} answered ${status}`)
}
