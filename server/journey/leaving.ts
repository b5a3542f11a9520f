import { type MessageRecord, tenantId } from '../../shared/domain/index.ts'
import type { Entity, HeaderField } from '../mime/entity.ts'
import type { MimeIndex } from '../mime/part.ts'
import type { Clock } from '../ports/clock.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { Authentication } from './authenticate/authenticate.ts'
import type { Note } from './evaluate/given.ts'
import type { Returned } from './returned.ts'
import { findRoute } from './route-of.ts'
import { sealHeader } from './seal/arc.ts'
import { resultsField, resultsValue, withoutForged } from './seal/authentication-results.ts'
import { breaksSignatures, keysFor, signHeader } from './seal/dkim.ts'
import { markField } from './seal/loop-mark.ts'
import type { Front } from './store-copy.ts'
import { isOwnDomain, type TenantProfile } from './tenant.ts'

/** What is the same for every copy of a message. */
export interface Leaving {
  readonly tenant: TenantProfile
  readonly record: Pick<MessageRecord, 'origin'>
  readonly index: MimeIndex | null
  /** What vouches for a stranger's mail, where it was asked for. */
  readonly authentication: Authentication | null
  readonly returned: Returned | null
  readonly clock: Clock
  readonly secrets: TenantSecrets
  /** Our host name: who speaks in Authentication-Results. */
  readonly name: string
}

export interface LeavingCopy {
  readonly id: string
  readonly recipients: readonly string[]
  /** Named route, '' for the default. */
  readonly route: string
  readonly message: Entity
}

/**
 * The last things done to a copy, after all steps: forged results go; our results, ARC, DKIM and the loop mark stand in front,
 * in this order from below, so that each covers what is under it. `front` is null where the body need not be hashed for it; a
 * copy that was processed before passes without. Notes are filled when the front is written.
 */
export function leaving(
  about: Leaving,
  copy: LeavingCopy,
): { readonly message: Entity; readonly front: Front | null; readonly notes: readonly Note[] } {
  const { tenant, record, authentication, returned, clock, name } = about
  const notes: Note[] = []
  const again = returned?.recipients.has(copy.recipients[0] ?? '') === true
  const strange = record.origin.authenticated === 'none' && !again
  const results = strange && authentication ? resultsValue(name, authentication.results) : null
  const kept = strange ? withoutForged(copy.message.header, name) : copy.message.header
  const message: Entity = {
    ...copy.message,
    header: results === null ? kept : [resultsField(results), ...kept],
  }
  const broken = () =>
    !about.index || breaksSignatures(about.index.root.fields, message.header, message.tailFrom !== undefined)
  const outside = copy.recipients.some((address) => !isOwnDomain(tenant, domainOf(address)))
  const keys = !again && !strange && outside ? keysFor(tenant.dkim?.keys ?? [], message.header) : []
  const signs = keys.length > 0 && (tenant.dkim?.when === 'always' || broken())
  // Without a word of the DNS on the chain as it came nobody can say what a new seal would stand for.
  const chain = authentication?.facts.arc
  const arc = strange && results !== null && chain !== 'temperror' ? tenant.arc : undefined
  const seals = arc && chain && chain !== 'temperror' && (arc.when === 'always' || broken())
  const marks = goesHome(tenant, copy)
  if (!signs && !seals && !marks) return { message, front: null, notes }

  const front: Front = async (bodyHash) => {
    const at = clock.now()
    let fields: readonly HeaderField[] = []
    if (seals && arc && results !== null) {
      const sealed = await sealHeader(message.header, bodyHash, arc.key, { authResults: results, chain, at })
      if (sealed.why !== null) notes.push({ type: 'arc.unsealed', detail: { copy: copy.id, why: sealed.why } })
      fields = sealed.fields
    }
    if (signs) fields = [...(await signHeader(message.header, bodyHash, keys, at)), ...fields]
    if (!marks) return fields
    const id = tenantId(tenant.id)
    const mark = { copy: copy.id, at, count: (again ? (returned?.mark.count ?? 0) : 0) + 1, bodyHash }
    return [markField(about.secrets.macKey(id), id, mark, message.header), ...fields]
  }
  return { message, front, notes }
}

/** One of the recipients is reached through a mail server of the tenant's that may send the mail back. */
function goesHome(tenant: TenantProfile, { route, recipients }: LeavingCopy): boolean {
  const home = tenant.loopRoutes ?? []
  return home.length > 0 && recipients.some((address) => home.includes(findRoute(tenant, route, address)?.name ?? '?'))
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1).toLowerCase()
