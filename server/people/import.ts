import { putCrl } from '../keys/revocation-record.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { TenantStore } from '../ports/store.ts'
import { readFactsFile } from './facts-file.ts'
import { keyRecordsOf } from './facts-house.ts'

/**
 * Brings people and keys of a facts file into the tenant's records: what the file names is inserted or replaced, what came
 * by other ways stays. Idempotent; one unit of work, so a file with a mistake changes nothing. Raises the file's faults.
 */
export async function importPeople(
  store: TenantStore,
  file: string,
  options: { readonly secrets: TenantSecrets; readonly now: number },
): Promise<void> {
  const { people, keys: inputs } = readFactsFile(file)
  const keys = await keyRecordsOf(inputs, { tenant: store.tenant, ...options })
  await store.write(async (tx) => {
    for (const person of people) await tx.putPerson(person)
    for (const key of keys) await (key.kind === 'crl' ? putCrl(tx, key) : tx.putKey(key))
  })
}
