import { Fault } from '../../shared/fault/index.ts'

/** Any answer is right but an internal error, or something that is no Fault; null for a Fault. */
export async function answered<T>(work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Fault && error.code !== 'internal') return null
    throw error
  }
}
