/** The JSON Schema (2020-12) of a rule set, made from the registry: editors complete and check while one types. */

import { listShape } from './parse/lists.ts'
import { bilingual, exceptionShape, guaranteeShape, MODES, name, ON_UNKNOWN } from './parse/rule.ts'
import { allowShape, labelsShape, metadataShape, scheduleShape } from './parse/ruleset.ts'
import { choice, flag, type JsonSchema, listOf } from './parse/shape.ts'
import { METHODS } from './registry/actions/protect.ts'
import { actions, PHASES } from './registry/actions.ts'
import { fields, operatorsOf } from './registry/conditions.ts'
import type { FieldDefinition } from './registry/field.ts'

const ref = (definition: string): JsonSchema => ({ $ref: `#/$defs/${definition}` })
const closed = (properties: Record<string, JsonSchema>, required: readonly string[] = []): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length > 0 ? { required } : {}),
})
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items })

/** The schema as a plain object; the generator writes it to `docs/policy/ruleset.schema.json`. */
export function ruleSetSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Secflow rule set',
    ...closed(
      {
        apiVersion: { const: 'secflow/v1' },
        kind: { const: 'RuleSet' },
        metadata: metadataShape.schema,
        spec: specSchema(),
      },
      ['apiVersion', 'kind', 'metadata', 'spec'],
    ),
    $defs: {
      condition: conditionSchema(),
      sender: closed(
        leaves(
          (field) => field.name.startsWith('sender.'),
          (field) => field.name,
        ),
      ),
      selector: closed(
        leaves(
          (field) => field.scope === 'attachment',
          (field) => field.name.slice('attachment.'.length),
        ),
      ),
      action: actionSchema(),
      rule: ruleSchema(),
      ...Object.fromEntries([...fields.values()].map((field) => [testName(field), testSchema(field)])),
    },
  }
}

function specSchema(): JsonSchema {
  return closed({
    mode: choice(MODES).schema,
    appliesTo: { anyOf: [ref('sender'), ref('condition')] },
    order: { ...listOf(choice(PHASES)).schema, minItems: PHASES.length, uniqueItems: true },
    preference: { ...listOf(choice(METHODS)).schema, uniqueItems: true },
    onUnknown: choice(ON_UNKNOWN).schema,
    allow: { ...allowShape.schema, uniqueItems: true },
    labels: labelsShape.schema,
    defaultLabel: { type: 'string' },
    lists: { type: 'object', additionalProperties: listShape.schema },
    schedules: { type: 'object', additionalProperties: scheduleShape.schema },
    rules: list(ref('rule')),
    exceptions: list(exceptionShape.schema),
    guarantees: list(guaranteeShape.schema),
  })
}

function ruleSchema(): JsonSchema {
  // biome-ignore lint/suspicious/noThenProperty: the language's own key
  const branch = closed({ when: ref('condition'), otherwise: { const: true }, then: list(ref('action')) }, ['then'])
  return closed(
    {
      id: name.schema,
      title: bilingual.schema,
      mode: choice(MODES).schema,
      final: flag.schema,
      overridable: flag.schema,
      onUnknown: choice(ON_UNKNOWN).schema,
      when: ref('condition'),
      // biome-ignore lint/suspicious/noThenProperty: the language's own key
      then: list(ref('action')),
      else: list(ref('action')),
      choose: list(branch),
    },
    ['id'],
  )
}

function conditionSchema(): JsonSchema {
  const family = [...fields.values()].filter((field) => field.name.endsWith('.*'))
  return {
    anyOf: [
      { const: true },
      {
        ...closed({
          all: { ...list(ref('condition')), minItems: 1 },
          any: { ...list(ref('condition')), minItems: 1 },
          not: ref('condition'),
          cel: { type: 'string', maxLength: 2000, description: 'Only with allow: [cel].' },
          attachment: {
            ...closed({ any: ref('selector'), all: ref('selector'), none: ref('selector') }),
            minProperties: 1,
            maxProperties: 1,
          },
          ...leaves(
            (field) => field.scope !== 'attachment' && !field.name.endsWith('.*'),
            (field) => field.name,
          ),
        }),
        patternProperties: Object.fromEntries(
          family.map((field) => [`^${field.name.slice(0, -1).replaceAll('.', '[.]')}.+$`, ref(testName(field))]),
        ),
        maxProperties: 1,
      },
    ],
  }
}

function leaves(
  which: (field: FieldDefinition) => boolean,
  key: (field: FieldDefinition) => string,
): Record<string, JsonSchema> {
  return Object.fromEntries(
    [...fields.values()]
      .filter(which)
      .map((field) => [key(field), { description: `${field.doc.en} / ${field.doc.de}`, ...ref(testName(field)) }]),
  )
}

function testName(field: FieldDefinition): string {
  return `test.${field.name.replace('*', 'any')}`
}

function testSchema(field: FieldDefinition): JsonSchema {
  const known = operatorsOf(field.type)
  const properties = Object.fromEntries(
    known.map((operator) => [
      operator.name,
      { description: `${operator.doc.en} / ${operator.doc.de}`, ...operator.schema(field) },
    ]),
  )
  const short = field.type === 'list' ? ['contains'] : field.type === 'time' ? ['during'] : ['is', 'in']
  const shorthands = known.filter((operator) => short.includes(operator.name)).map((operator) => operator.schema(field))
  return { anyOf: [...shorthands, { ...closed(properties), minProperties: 1 }] }
}

function actionSchema(): JsonSchema {
  const entries = [...actions.values()]
  const bare = entries.filter((action) => ((action.params.schema['required'] as readonly string[]) ?? []).length === 0)
  const properties = Object.fromEntries(
    entries.map((action) => [
      action.name,
      { description: `${action.doc.en} / ${action.doc.de}`, ...action.params.schema },
    ]),
  )
  return {
    anyOf: [{ enum: bare.map((action) => action.name) }, { ...closed(properties), minProperties: 1, maxProperties: 1 }],
  }
}
