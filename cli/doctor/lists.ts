import type { TenantConfig } from '../../server/config.ts'
import { listReader } from '../../server/platform/lists/reader.ts'
import { readPolicyDirectory } from '../../server/policies/directory.ts'
import { listAccessOf } from '../../server/profile.ts'
import { toFault } from '../../shared/fault/index.ts'
import { loadPolicy, unsoundEntry } from '../../shared/policy/index.ts'
import { type Finding, ok, warning } from './finding.ts'

const MEND = 'mail that a rule asks about it waits: see `lists` of the tenant (directory, hosts, ca, ldap)'

/** Reads every list from outside that the policy folder of a tenant names, once. Nothing for a folder that does not load. */
export async function checkLists(
  tenant: Pick<TenantConfig, 'id' | 'policyDir' | 'lists'>,
): Promise<readonly Finding[]> {
  const files = await readPolicyDirectory(tenant.policyDir).catch(() => [])
  const { policy } = loadPolicy(files)
  const reader = listReader(listAccessOf(tenant.lists))
  return Promise.all(
    [...(policy?.sources ?? [])].map(async ([name, { from, type }]) => {
      const check = `list ${tenant.id} ${name}`
      try {
        const values = (await reader.read(from, null))?.values ?? []
        const odd = unsoundEntry(type, values)
        return odd === null
          ? ok(check, `${values.length} entries`)
          : warning(check, `an entry is no ${type}: ${JSON.stringify(odd.slice(0, 80))}`, MEND)
      } catch (thrown) {
        const { code, detail } = toFault(thrown)
        return warning(check, detail || code, MEND)
      }
    }),
  )
}
