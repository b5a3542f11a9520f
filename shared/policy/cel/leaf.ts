/**
 * `cel: "..."`: an expression of the Common Expression Language for what the structure cannot say. It becomes a field of its
 * own that is true, false or unknown, so that everything else treats it as any other condition.
 */
import type { Position } from '../diagnostic.ts'
import { normalise } from '../facts.ts'
import type { Leaf } from '../ir.ts'
import type { Env } from '../parse/env.ts'
import type { Node, ScalarNode } from '../parse/node.ts'
import { restOf } from '../registry/conditions.ts'
import type { Fact, FieldDefinition, Scene } from '../registry/field.ts'
import type { AnyOperator } from '../registry/operator.ts'
import { nearest } from '../text/nearest.ts'
import { celType, environment, FILES, fileFields, HEADER, headerField, plainFields } from './environment.ts'
import { type References, referencesOf } from './references.ts'

const MAX_LENGTH = 2000
/** Mails have few files; one with more is looked at by rules on attachments. */
const MAX_FILES = 1000

type Program = (context: Readonly<Record<string, unknown>>) => unknown

/** Undefined after a finding. `is`: the operator that asks whether the expression holds. */
export function readCel(node: Node, at: Position, env: Env, is: AnyOperator): Leaf | undefined {
  if (!env.allowed.has('cel')) {
    env.findings.add('cel-not-allowed', at)
    return undefined
  }
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.trim() : ''
  if (node.kind !== 'scalar' || text === '' || text.length > MAX_LENGTH) {
    env.findings.add('wrong-type', node.at, {
      expected: `an expression of at most ${MAX_LENGTH} characters`,
      found: node.kind,
    })
    return undefined
  }
  const wrong = (detail: string, offset = 0, close: string | null = null) => {
    env.findings.add('cel-wrong', placeOf(node, text, offset), { detail }, close)
    return undefined
  }
  let parsed: ReturnType<ReturnType<typeof environment>['parse']>
  try {
    parsed = environment().parse(text)
  } catch (problem) {
    if (!isCelError(problem)) throw problem
    return wrong(problem.summary, problem.range?.start)
  }
  const read = referencesOf(parsed.ast)
  if ('detail' in read) {
    const name = /^(\S+) is no field$/.exec(read.detail)?.[1]
    return wrong(read.detail, read.offset, name === undefined ? null : nearest(name, plainFields.keys()))
  }
  const { valid, type, error } = parsed.check()
  if (!valid) return wrong(error?.summary ?? 'a wrong type', error?.range?.start)
  if (type !== 'bool') return wrong(`a condition is true or false, this is ${type}`)
  const field = fieldOf(text, read, parsed as Program)
  return { kind: 'leaf', name: field.name, field, tests: [{ operator: is, operand: true, source: 'is true' }], at }
}

/** The library tells its own errors by these names. */
function isCelError(problem: unknown): problem is Error & { summary: string; range?: { start: number } } {
  return problem instanceof Error && 'summary' in problem
}

/** Where `offset` stands, for an expression on one line; else where the expression begins. */
function placeOf({ source, at, inset = 0 }: ScalarNode, text: string, offset: number): Position {
  const start = source.indexOf(text)
  if (start < 0 || text.includes('\n')) return at
  return { line: at.line, column: at.column + inset + start + offset }
}

function fieldOf(text: string, read: References, program: Program): FieldDefinition {
  const plain = [...read.plain].map((name) => plainFields.get(name)!)
  const ofFiles = [...read.ofFiles].map((name) => [name, fileFields.get(name)!] as const)
  return {
    name: `cel ${text}`,
    type: 'boolean',
    scope: plain.some(({ scope }) => scope === 'recipient') ? 'recipient' : 'message',
    doc: { de: 'Ausdruck', en: 'expression' },
    reads: [...plain, ...ofFiles.map(([, field]) => field), ...(read.headers.size > 0 ? [headerField] : [])],
    read(scene) {
      const context = contextOf(scene, read, plain, ofFiles)
      try {
        const truth = program(context)
        return typeof truth === 'boolean' ? truth : undefined
      } catch (problem) {
        // A fact that is missing, an index too far, a division by zero: nobody knows.
        if (isCelError(problem)) return undefined
        throw problem
      }
    },
  }
}

type Named = readonly (readonly [string, FieldDefinition])[]

function contextOf(scene: Scene, read: References, plain: readonly FieldDefinition[], ofFiles: Named) {
  const context: Record<string, unknown> = {}
  for (const field of plain) place(context, field.name.split('.'), known(field, field.name, scene))
  if (read.headers.size > 0) {
    const values = [...read.headers].map((name) => [name, known(headerField, `${HEADER}.${name}`, scene)] as const)
    place(context, HEADER.split('.'), new Map(values.filter(([, value]) => value !== undefined)))
  }
  const { attachments, message } = scene.input
  // A structure with defects may hide a file: nothing may be concluded from not having seen one.
  const whole = attachments !== undefined && attachments.length <= MAX_FILES && message.defects.length === 0
  if (read.files && whole)
    context[FILES] = attachments.map((attachment) => {
      const file: Record<string, unknown> = {}
      for (const [name, field] of ofFiles) {
        const value = known(field, field.name, { ...sceneOf(scene), attachment })
        if (value !== undefined) file[name] = value
      }
      return file
    })
  // A name whose every fact is unknown stands there with none of them.
  for (const { name } of plain) context[name.split('.')[0]!] ??= {}
  return context
}

const sceneOf = ({ input, recipient, labels }: Scene) => ({ input, recipient, labels })

/** A fact in the expression's own types; undefined when it is unknown or only a lower bound. */
function known(field: FieldDefinition, name: string, scene: Scene): unknown {
  if (field.atLeast?.(scene)) return undefined
  const value = normalise(field, field.read(scene, restOf(field, name)) as Fact, scene)
  if (value === undefined) return undefined
  switch (celType(field)) {
    case 'int':
      return typeof value === 'number' ? BigInt(Math.trunc(value)) : undefined
    case 'bool':
      return typeof value === 'boolean' ? value : undefined
    case 'google.protobuf.Timestamp':
      // What is known never to have been was longer ago than anything.
      return new Date(typeof value === 'number' ? value : 0)
    case 'list<string>':
      return (value === null ? [] : typeof value === 'object' ? value : [value]).map(String)
    default:
      // A file of two names, a mail of two subjects: which of them a reader shows, nobody knows.
      if (typeof value === 'object' && value !== null && value.length > 1) return undefined
      return value === null ? '' : String(value)
  }
}

function place(into: Record<string, unknown>, [name, ...rest]: readonly string[], value: unknown): void {
  if (name === undefined || value === undefined) return
  if (rest.length === 0) {
    into[name] = value
    return
  }
  into[name] ??= {}
  place(into[name] as Record<string, unknown>, rest, value)
}
