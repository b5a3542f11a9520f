import type { AttachmentFacts, PolicyInput, RecipientFacts } from '../../domain/index.ts'
import type { Text } from '../diagnostic.ts'
import type { TenantLabels } from '../labels.ts'
import type { ListCopies } from '../list-source.ts'

export const TYPE_NAMES = [
  'string',
  'address',
  'domain',
  'list',
  'header',
  'enum',
  'label',
  'boolean',
  'size',
  'count',
  'time',
  'fileType',
  'finds',
  'text',
] as const
export type TypeName = (typeof TYPE_NAMES)[number]

/** What a field reads from. Fields of scope `attachment` have one, the others none. */
export interface Scene {
  readonly input: PolicyInput
  readonly recipient: RecipientFacts
  readonly attachment: AttachmentFacts | null
  readonly labels: TenantLabels
  /** Copies of lists from outside. */
  readonly lists?: ListCopies
}

/** A fact before it is normalised: undefined is unknown, null is known to be absent, a list has several values. */
export type Fact = string | number | boolean | readonly string[] | null | undefined

export interface FieldDefinition {
  /** `message.header.*` stands for a family; its `read` gets the rest of the name. */
  readonly name: string
  readonly type: TypeName
  /** How often its value can differ: per message, per recipient or per attachment. */
  readonly scope: 'message' | 'recipient' | 'attachment'
  readonly doc: Text
  /** For enumerations: every value. */
  readonly values?: readonly string[]
  /** Look-ups that fetch it, so that only what candidate rules need is looked up. */
  readonly lookup?: 'directory' | 'keys' | 'tls' | 'auth'
  /** Fields that it is computed from; their look-ups are its own. */
  readonly reads?: readonly FieldDefinition[]
  /** True when the fact is only a lower bound (a structure that could not be trusted may hide more). */
  readonly atLeast?: (scene: Scene) => boolean
  read(scene: Scene, rest: string): Fact
}
