import { z } from 'zod'
import { Address } from './address.ts'

export const ROLES = [
  'owner',
  'policy-editor',
  'policy-approver',
  'key-manager',
  'helpdesk',
  'auditor',
  'user',
] as const
export const Role = z.enum(ROLES).meta({ id: 'Role' })
export type Role = z.infer<typeof Role>

export const SCOPES = [
  'vocabulary',
  'evaluate',
  'messages:send',
  'messages:read',
  'messages:read-all',
  'messages:recall',
  'messages:recall-all',
  'policy:read',
  'policy:apply',
  'queue:read',
  'queue:act',
  'keys:read',
  'keys:write',
  'passwords:renew',
] as const
export const Scope = z.enum(SCOPES).meta({ id: 'Scope' })
export type Scope = z.infer<typeof Scope>

export const SCOPE_MEANINGS: Readonly<Record<Scope, string>> = {
  vocabulary: 'Read labels and protections',
  evaluate: 'Preview what would happen to an own mail',
  'messages:send': 'Send mail as oneself',
  'messages:read': 'See what became of own mail',
  'messages:read-all': 'See what became of any mail of the tenant',
  'messages:recall': 'Recall links and portal messages of own mail',
  'messages:recall-all': 'Recall links and portal messages of any mail of the tenant',
  'policy:read': 'Read policies, replay and simulate them',
  'policy:apply': 'Put a policy in force',
  'queue:read': 'See the queue of the tenant',
  'queue:act': 'Hold, release, retry and drop jobs and held mail',
  'keys:read': 'See revocation lists of authorities',
  'keys:write': 'Import revocation lists of authorities',
  'passwords:renew': 'Renew the PDF password that a correspondent keeps',
}

const OWN_MAIL: readonly Scope[] = ['vocabulary', 'evaluate', 'messages:send', 'messages:read', 'messages:recall']

/** What holding a role allows; a client of its own is granted scopes directly. */
export const SCOPES_OF_ROLE: Readonly<Record<Role, readonly Scope[]>> = {
  owner: [
    ...OWN_MAIL,
    'messages:read-all',
    'messages:recall-all',
    'policy:read',
    'policy:apply',
    'queue:read',
    'queue:act',
    'keys:read',
    'keys:write',
    'passwords:renew',
  ],
  helpdesk: ['messages:read-all', 'messages:recall-all', 'queue:read', 'queue:act', 'passwords:renew'],
  auditor: ['messages:read-all', 'policy:read', 'queue:read', 'keys:read'],
  'policy-editor': ['vocabulary', 'evaluate', 'policy:read'],
  'policy-approver': ['vocabulary', 'evaluate', 'policy:read', 'policy:apply'],
  'key-manager': ['keys:read', 'keys:write', 'passwords:renew'],
  user: OWN_MAIL,
}

export const Me = z
  .object({
    tenant: z.string(),
    subject: z.string().meta({ description: 'Client id, or the subject of a foreign token.' }),
    address: Address.nullable().meta({ description: 'Address this identity sends as; null for a system client.' }),
    roles: z.array(Role),
    scopes: z.array(Scope),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof Me>
