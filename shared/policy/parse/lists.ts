/** `spec.lists`: entries in the policy, in other lists of the set, or from a source outside. */
import type { ListOrigin, ListSource, ListType } from '../list-source.ts'
import { unsoundEntry } from '../live-lists.ts'
import { nearest } from '../text/nearest.ts'
import type { Env, NamedList } from './env.ts'
import { entryOf, kindOf, type MapNode, member, type Node } from './node.ts'
import { choice, duration, listOf, type Of, object, refine, type Shape, text } from './shape.ts'

const LIST_TYPES: readonly ListType[] = ['string', 'domain', 'address', 'group', 'fileType']
const HOUR = 3600
const MINUTE = 60

/** Below the configured folder: no way up, nothing absolute, nothing hidden. */
const path = text({
  max: 300,
  pattern: /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/,
  expected: 'a path such as lists/partners.txt',
})
const url = text({
  max: 2000,
  pattern: /^https:\/\/[a-z0-9.-]+(:\d{1,5})?(\/[^\s#]*)?$/,
  expected: 'https://host/path',
})
const server = text({ max: 63, pattern: /^[a-z0-9][a-z0-9-]*$/, expected: 'the name of a server of the configuration' })
const ldap = object(
  {
    server,
    base: text({ max: 500 }),
    filter: text({ max: 1000, pattern: /^\(.*\)$/, expected: 'a filter such as (objectClass=person)' }),
    attribute: text({ max: 100, pattern: /^[A-Za-z][A-Za-z0-9;-]*$/, expected: 'an attribute such as mail' }),
  },
  {},
)

const from = refine(object({}, { file: path, http: url, ldap }), (read, node, env): ListOrigin | undefined => {
  const given = [read.file, read.http, read.ldap].filter((one) => one !== undefined)
  if (given.length !== 1) {
    env.findings.add('list-source', node.at, { expected: 'file, http, ldap' })
    return undefined
  }
  if (read.file !== undefined) return { kind: 'file', path: read.file }
  return read.http !== undefined ? { kind: 'http', url: read.http } : { kind: 'ldap', ...read.ldap! }
})

const written = object(
  { type: choice(LIST_TYPES) },
  {
    values: listOf(text({ max: 320 })),
    include: listOf(text({ max: 63 }), 1, 100),
    from,
    refresh: duration,
    maxAge: duration,
  },
)
type Written = Of<typeof written>

export const listShape: Shape<Written> = refine(written, (list, node, env) => {
  const bad = list.values ? unsoundEntry(list.type, list.values) : null
  if (bad !== null) {
    env.findings.add('wrong-domain', (member(node, 'values') ?? node).at, { found: bad })
    return undefined
  }
  if (!list.values && !list.include && !list.from) {
    env.findings.add('missing-key', node.at, { name: 'values' })
    return undefined
  }
  return agesFit(list, node, env) ? list : undefined
})

/** A copy is renewed before it is too old, and nothing is asked for more often than once a minute. */
function agesFit({ from: source, refresh = HOUR, maxAge }: Written, node: Node, env: Env): boolean {
  const at = (key: string) => (entryOf(node, key) ?? node).at
  if (!source) {
    const odd = ['refresh', 'maxAge'].find((key) => member(node, key))
    if (odd !== undefined) env.findings.add('list-age', at(odd), { detail: `${odd} without from` })
    return odd === undefined
  }
  if (maxAge === undefined) env.findings.add('missing-key', node.at, { name: 'maxAge' })
  else if (refresh < MINUTE) env.findings.add('list-age', at('refresh'), { detail: 'refresh < 1m' })
  else if (maxAge < refresh) env.findings.add('list-age', at('maxAge'), { detail: 'maxAge < refresh' })
  else return true
  return false
}

/** The lists of the set called `set`, each with the entries of those it includes. */
export function readLists(node: Node | null, set: string, env: Env): ReadonlyMap<string, NamedList> {
  if (node === null) return new Map()
  if (node.kind !== 'map') {
    env.findings.add('wrong-type', node.at, { expected: 'a map', found: kindOf(node) })
    return new Map()
  }
  return new Reader(node, set, env).lists()
}

class Reader {
  readonly #node: MapNode
  readonly #set: string
  readonly #env: Env
  readonly #written: ReadonlyMap<string, Written>
  readonly #done = new Map<string, NamedList>()

  constructor(node: MapNode, set: string, env: Env) {
    this.#node = node
    this.#set = set
    this.#env = env
    this.#written = new Map(
      node.entries.flatMap(({ key, value }) => {
        const read = listShape.read(value, env)
        return read ? [[key, read] as const] : []
      }),
    )
  }

  lists(): ReadonlyMap<string, NamedList> {
    return new Map([...this.#written.keys()].map((name) => [name, this.#list(name, [])] as const))
  }

  /** `path`: lists that are on the way to this one. After a finding it lacks what it was about: the policy is refused anyway. */
  #list(name: string, path: readonly string[]): NamedList {
    const known = this.#done.get(name)
    if (known) return known
    const { type, values = [], include = [], from: origin, refresh = HOUR, maxAge = 0 } = this.#written.get(name)!
    const all = new Set(values)
    const live = new Set(origin ? [`${this.#set}/${name}`] : [])
    for (const other of include) {
      const part = this.#included(name, other, type, path)
      for (const value of part?.values ?? []) all.add(value)
      for (const one of part?.live ?? []) live.add(one)
    }
    const source: ListSource | null = origin ? { type, from: origin, refresh, maxAge } : null
    const list = { type, values: [...all], live: [...live], source }
    this.#done.set(name, list)
    return list
  }

  #included(name: string, other: string, type: ListType, path: readonly string[]): NamedList | null {
    const { findings } = this.#env
    const at = (entryOf(entryOf(this.#node, name)?.value ?? null, 'include') ?? this.#node).at
    const way = [...path, name]
    if (way.includes(other)) {
      findings.add('list-cycle', at, { name: [...way.slice(way.indexOf(other)), other].join(' > ') })
      return null
    }
    const wanted = this.#written.get(other)
    if (!wanted) {
      // One that is there and unsound has its own finding.
      if (!entryOf(this.#node, other))
        findings.add('unknown-list', at, { name: other }, nearest(other, this.#written.keys()))
      return null
    }
    if (wanted.type !== type) {
      findings.add('list-type', at, { name: other, found: wanted.type, expected: type })
      return null
    }
    this.#env.usedLists.add(other)
    return this.#list(other, way)
  }
}
