import { Fault } from '../../../shared/fault/index.ts'

/** Codes of a file system that is out of room, of inodes or of quota. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Turns what the file system threw into a fault: `disk-full` or `store-unavailable`. Everything else comes back as it is. */
export function diskFault(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error) || !('syscall' in error)) return error
  return new Fault(FULL.has(errorCode(error)) ? 'disk-full' : 'store-unavailable', '', { cause: error })
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
