import { Fault } from '../../../../shared/fault/index.ts'

/** Refusals that say "the bytes were damaged on the way" or "not now", whatever their status. */
const AGAIN: ReadonlySet<string> = new Set([
  'BadDigest',
  'ConditionalRequestConflict',
  'IncompleteBody',
  'OperationAborted',
  'RequestTimeout',
  'SlowDown',
  'XAmzContentSHA256Mismatch',
])
const FULL: ReadonlySet<string> = new Set(['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull'])

/** HTTP status of the store's answer; null when there was none. */
export function statusOf(error: unknown): number | null {
  const status = (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode
  return typeof status === 'number' ? status : null
}

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

/** Whether the same call may succeed in a moment. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Fault || error instanceof TypeError || error instanceof RangeError) return false
  if (nameOf(error) === 'CredentialsProviderError' || FULL.has(nameOf(error))) return false
  const status = statusOf(error)
  if (status === null || AGAIN.has(nameOf(error))) return true
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 507)
}

/** Turns what the SDK threw into a fault: `disk-full` or `store-unavailable`; the detail names no key and no secret. */
export function s3Fault(error: unknown): Fault {
  if (error instanceof Fault) return error
  const status = statusOf(error)
  if (status === 507 || FULL.has(nameOf(error))) return new Fault('disk-full', nameOf(error), { cause: error })
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const answer = status === null ? code || nameOf(error) : `${status} ${nameOf(error)}`
  return new Fault('store-unavailable', `object store: ${answer}`, { cause: error })
}
