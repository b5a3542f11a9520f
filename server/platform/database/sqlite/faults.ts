import { Fault, type FaultCode } from '../../../../shared/fault/index.ts'

/** Result codes (primary part) that say "not now" rather than "you are wrong". */
const FAULTS: readonly (readonly [prefix: string, code: FaultCode])[] = [
  ['SQLITE_FULL', 'disk-full'],
  ['SQLITE_BUSY', 'store-unavailable'],
  ['SQLITE_LOCKED', 'store-unavailable'],
  ['SQLITE_IOERR', 'store-unavailable'],
  ['SQLITE_CANTOPEN', 'store-unavailable'],
  ['SQLITE_READONLY', 'store-unavailable'],
  ['SQLITE_PROTOCOL', 'store-unavailable'],
  ['SQLITE_NOTADB', 'store-unavailable'],
  ['SQLITE_CORRUPT', 'store-unavailable'],
]

/** Turns SQLite's errors into faults; everything else comes back as it is. */
export function sqliteFault(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : ''
    const known = FAULTS.find(([prefix]) => code.startsWith(prefix))
    if (known) return new Fault(known[1], '', { cause: error })
    if (code.startsWith('SQLITE_')) return new Fault('internal', '', { cause: error })
    if (at.message === 'The database connection is not open')
      return new Fault('store-unavailable', '', { cause: error })
  }
  return error
}

/** Whether another connection holds the lock for the moment. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}
