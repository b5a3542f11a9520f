import { Fault } from '../../../shared/fault/index.ts'
import type { ListAccess, ListReader } from '../../ports/lists.ts'
import { readFileList } from './file.ts'
import { readHttpList } from './http.ts'

/** A policy names what it wants; only what the configuration allows is fetched. */
export function listReader({ directory, http, ldap }: ListAccess): ListReader {
  return {
    async read(origin, known) {
      switch (origin.kind) {
        case 'file':
          if (directory === null) throw new Fault('effect-refused', 'no folder of lists is configured')
          return readFileList(directory, origin.path, known)
        case 'http':
          return readHttpList(origin.url, known, http)
        case 'ldap': {
          const server = Object.hasOwn(ldap, origin.server) ? ldap[origin.server] : undefined
          if (!server) throw new Fault('effect-refused', `no LDAP server ${origin.server} is configured`)
          const { readLdapList } = await import('./ldap.ts')
          return readLdapList(origin, server)
        }
      }
    },
  }
}
