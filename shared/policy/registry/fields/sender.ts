import type { SenderFacts } from '../../../domain/index.ts'
import type { Text } from '../../diagnostic.ts'
import type { FieldDefinition } from '../field.ts'

function fromDirectory(
  key: 'department' | 'location' | 'role' | 'displayName' | 'country' | 'language',
  doc: Text,
): FieldDefinition {
  return {
    name: `sender.${key}`,
    type: 'string',
    scope: 'message',
    lookup: 'directory',
    doc,
    read: ({ input }) => input.sender[key satisfies keyof SenderFacts],
  }
}

export const senderFields: readonly FieldDefinition[] = [
  {
    name: 'sender.address',
    type: 'address',
    scope: 'message',
    doc: { de: 'Adresse des Absenders', en: 'address of the sender' },
    read: ({ input }) => input.sender.address,
  },
  {
    name: 'sender.domain',
    type: 'domain',
    scope: 'message',
    doc: { de: 'Domain des Absenders', en: 'domain of the sender' },
    read: ({ input }) => input.sender.domain,
  },
  fromDirectory('displayName', { de: 'Anzeigename', en: 'display name' }),
  fromDirectory('department', { de: 'Abteilung', en: 'department' }),
  fromDirectory('location', { de: 'Standort', en: 'location' }),
  fromDirectory('role', { de: 'Rolle', en: 'role' }),
  fromDirectory('country', { de: 'Land (ISO 3166)', en: 'country (ISO 3166)' }),
  fromDirectory('language', { de: 'Sprache (BCP 47)', en: 'language (BCP 47)' }),
  {
    name: 'sender.groups',
    type: 'list',
    scope: 'message',
    lookup: 'directory',
    doc: { de: 'Gruppen des Absenders', en: 'groups of the sender' },
    read: ({ input }) => input.sender.groups,
  },
  {
    name: 'sender.tenant',
    type: 'string',
    scope: 'message',
    doc: { de: 'Mandant', en: 'tenant' },
    read: ({ input }) => input.sender.tenant,
  },
  {
    name: 'sender.ours',
    type: 'boolean',
    scope: 'message',
    doc: { de: 'der Absender gehört zu uns', en: 'the sender is ours' },
    read: ({ input }) => input.sender.ours,
  },
]
