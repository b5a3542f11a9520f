import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Makes everything due that waits in a gateway's queue, and ends the leases of a gateway that was killed: no test waits for a back-off. */
export function hurry(folder: string, options: { readonly leases?: boolean } = {}): void {
  const database = new DatabaseSync(join(folder, 'secflow.db'), { timeout: 5_000 })
  try {
    database.exec("update job set run_at = 0 where state = 'ready'")
    if (options.leases) database.exec("update job set lease_until = 0 where state = 'leased'")
  } finally {
    database.close()
  }
}
