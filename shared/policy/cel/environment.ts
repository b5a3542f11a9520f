/** Names and types that expressions may use, from the registry of fields. */
import { Environment } from '@marcbachmann/cel-js'
import { fields } from '../registry/conditions.ts'
import type { FieldDefinition, TypeName } from '../registry/field.ts'
import { types } from '../registry/types.ts'

export type CelType = 'string' | 'list<string>' | 'bool' | 'int' | 'google.protobuf.Timestamp'

/** Null for facts that expressions cannot hold: what detectors find. */
export function celType({ type }: FieldDefinition): CelType | null {
  if (type === 'finds') return null
  if (types[type].many) return 'list<string>'
  return SINGLE[type] ?? 'string'
}

const SINGLE: Partial<Record<TypeName, CelType>> = {
  boolean: 'bool',
  size: 'int',
  count: 'int',
  time: 'google.protobuf.Timestamp',
}

/** Fields of mail and people by name, without families. */
export const plainFields: ReadonlyMap<string, FieldDefinition> = new Map(
  [...fields].filter(
    ([name, field]) => field.scope !== 'attachment' && !name.endsWith('.*') && celType(field) !== null,
  ),
)

/** Fields of one file, by the name after `attachment.`. */
export const fileFields: ReadonlyMap<string, FieldDefinition> = new Map(
  [...fields].flatMap(([name, field]) =>
    field.scope === 'attachment' && celType(field) !== null ? [[name.slice('attachment.'.length), field] as const] : [],
  ),
)

/** Headers by name: `message.header["x-case"]`. */
export const HEADER = 'message.header'
export const headerField: FieldDefinition = fields.get(`${HEADER}.*`)!

/** Every file of the mail, in order. */
export const FILES = 'files'

type Schema = { [name: string]: string | Schema }

/** Far more than a condition needs, far less than takes time. */
const LIMITS = { maxAstNodes: 200, maxDepth: 16, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 4 }

let made: Environment | undefined

export function environment(): Environment {
  made ??= make()
  return made
}

function make(): Environment {
  const roots: { [name: string]: Schema } = {}
  for (const [name, field] of plainFields) put(roots, name.split('.'), celType(field)!)
  put(roots, HEADER.split('.'), 'map<string, list<string>>')
  const env = new Environment({ limits: LIMITS })
  for (const [name, schema] of Object.entries(roots)) env.registerVariable({ name, schema })
  env.registerType('File', {
    fields: Object.fromEntries([...fileFields].map(([name, field]) => [name, celType(field)!])),
  })
  return env.registerVariable(FILES, 'list<File>')
}

function put(into: { [name: string]: Schema | string }, [name, ...rest]: readonly string[], type: string): void {
  if (name === undefined) return
  if (rest.length === 0) {
    into[name] = type
    return
  }
  const inner = into[name]
  const schema: Schema = typeof inner === 'object' ? inner : {}
  into[name] = schema
  put(schema, rest, type)
}
