import { Fault, type FaultCode } from '../../../../shared/fault/index.ts'

/** SQLSTATE, or its class, that says "not now" rather than "you are wrong" (PostgreSQL, appendix A). */
const FAULTS: readonly (readonly [prefix: string, code: FaultCode])[] = [
  ['53100', 'disk-full'],
  ['53', 'store-unavailable'], // too many connections, out of memory
  ['08', 'store-unavailable'], // connection
  ['57', 'store-unavailable'], // shut down, starting up, cancelled after its time
  ['58', 'store-unavailable'], // I/O
  ['40', 'store-unavailable'], // deadlock, serialization: tried again before it comes here
  ['55P03', 'store-unavailable'], // a lock was not free in time
  ['25006', 'store-unavailable'], // a standby takes no writes
  ['25P03', 'store-unavailable'], // the unit stood idle for too long
  ['25P04', 'store-unavailable'],
  ['28', 'store-unavailable'], // password, pg_hba.conf
  ['3D000', 'store-unavailable'], // no such database
  ['XX001', 'store-unavailable'], // corrupted
  ['XX002', 'store-unavailable'],
]

/** What Node says of a connection (`ECONNRESET`, `CERT_SIGNATURE_FAILURE`), but not of a wrong argument; and what the driver says. */
const SYSTEM = /^(?!ERR_(?:INVALID|MISSING|OUT_OF))[A-Z][A-Z0-9_]+$/
const DRIVER =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|timeout expired|Query read timeout|Cannot use a pool after|The server does not support SSL|There was an error establishing an SSL|Called end on pool|write after end|This socket has been ended)/

/** The fault that an error of the driver means. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  if (isLost(error)) return new Fault('store-unavailable', '', { cause: error })
  const state = sqlState(error)
  if (state === null) return new Fault('internal', '', { cause: error })
  const known = FAULTS.find(([prefix]) => state.startsWith(prefix))
  return new Fault(known ? known[1] : 'internal', '', { cause: error })
}

/** The fault inside what drizzle wraps around it; everything else comes back as it is. */
export function unwrapped(error: unknown): unknown {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof Fault) return at
  return error
}

/** The SQLSTATE that an error carries, itself or as its cause. */
export function sqlState(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('severity' in at && 'code' in at && typeof at.code === 'string') return at.code
  }
  return null
}

/** Two units stood in each other's way and the server ended this one: nothing of it stands, and it can be done again. */
export function isConflict(error: unknown): boolean {
  const state = sqlState(error)
  return state === '40001' || state === '40P01'
}

/** The connection is gone, whatever it was doing. */
export function isLost(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = 'code' in at && typeof at.code === 'string' ? at.code : ''
    if ('severity' in at) return /^(?:08|57P0)/.test(code) || at.severity === 'FATAL'
    if (SYSTEM.test(code) || DRIVER.test(at.message)) return true
    // What a name with several addresses gives: one error for each of them.
    if (at instanceof AggregateError && at.errors.some(isLost)) return true
  }
  return false
}
