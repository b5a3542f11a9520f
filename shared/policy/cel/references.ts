/** What an expression reads, and what in it is not allowed here. */
import type { ASTNode } from '@marcbachmann/cel-js'
import { fold } from '../text/fold.ts'
import { FILES, fileFields, HEADER, plainFields } from './environment.ts'

export interface References {
  /** Names of fields. */
  readonly plain: ReadonlySet<string>
  /** Lower case. */
  readonly headers: ReadonlySet<string>
  /** Whether files are looked at, and which of their fields. */
  readonly files: boolean
  readonly ofFiles: ReadonlySet<string>
}

export interface Refused {
  readonly detail: string
  /** Where it begins in the expression, from 0. */
  readonly offset: number
}

/** Each takes time in proportion to what it looks at. `matches` is not among them: it is not linear in this library. */
const FUNCTIONS = new Set(['startsWith', 'endsWith', 'contains', 'size', 'timestamp', 'duration', 'int', 'string'])
const OF_TIME = /^get[A-Z]/
/** Over a list. One inside of another takes time in proportion to the square. */
const MACROS = new Set(['exists', 'all', 'exists_one', 'filter'])
const ROOTS = new Set([...[...plainFields.keys()].map((name) => name.split('.')[0]!), FILES])

export function referencesOf(ast: ASTNode): References | Refused {
  const walk = new Walk()
  walk.node(ast, null, false)
  return walk.refused ?? walk
}

class Walk implements References {
  readonly plain = new Set<string>()
  readonly headers = new Set<string>()
  readonly ofFiles = new Set<string>()
  files = false
  refused: Refused | null = null

  /** `variable`: of the macro around it. `free`: a text that is no fact's, such as a time. */
  node(node: ASTNode, variable: string | null, free: boolean): void {
    switch (node.op) {
      case 'value':
        if (typeof node.args === 'string' && !free && fold(node.args) !== node.args)
          this.#refuse(node, `facts compare in lower case: write "${fold(node.args)}"`)
        return
      case 'id':
        if (node.args === FILES) this.files = true
        else if (node.args !== variable && ROOTS.has(node.args)) this.#refuse(node, `name a field of ${node.args}`)
        return
      case '.':
        this.#select(node, variable)
        return
      case '[]':
        this.#index(node, variable)
        return
      case 'call':
        this.#call(node, node.args[0], node.args[1], variable)
        return
      case 'rcall': {
        const [name, receiver, given] = node.args
        if (MACROS.has(name)) this.#macro(node, receiver, given, variable)
        else {
          this.node(receiver, variable, false)
          this.#call(node, name, given, variable)
        }
        return
      }
      default:
        for (const child of childrenOf(node.args)) this.node(child, variable, free)
    }
  }

  #select(node: ASTNode & { op: '.' }, variable: string | null): void {
    const path = pathOf(node)
    const [root] = path ?? []
    const name = path?.join('.') ?? ''
    if (!path || root === undefined) this.node(node.args[0], variable, false)
    else if (root === variable) {
      if (fileFields.has(path[1]!)) this.ofFiles.add(path[1]!)
    } else if (plainFields.has(name)) this.plain.add(name)
    else if (name === HEADER) this.#refuse(node, `write ${HEADER}["x-name"]; a header that is not there has no values`)
    else this.#refuse(node, `${name} is no field`)
  }

  #index(node: ASTNode & { op: '[]' }, variable: string | null): void {
    const [of, key] = node.args
    if (pathOf(of)?.join('.') !== HEADER) {
      this.node(of, variable, false)
      this.node(key, variable, false)
    } else if (key.op !== 'value' || typeof key.args !== 'string') this.#refuse(key, 'name the header as a text')
    else if (key.args !== key.args.toLowerCase()) this.#refuse(key, 'names of headers stand in lower case')
    else this.headers.add(key.args)
  }

  #call(node: ASTNode, name: string, given: readonly ASTNode[], variable: string | null): void {
    if (!FUNCTIONS.has(name) && !OF_TIME.test(name)) this.#refuse(node, `${name}() is not available here`)
    const free = name === 'timestamp' || name === 'duration' || OF_TIME.test(name)
    for (const one of given) this.node(one, variable, free)
  }

  #macro(node: ASTNode, receiver: ASTNode, [named, ...bodies]: readonly ASTNode[], variable: string | null): void {
    this.node(receiver, variable, false)
    if (variable !== null) this.#refuse(node, 'a loop inside of a loop')
    else if (named?.op !== 'id') this.#refuse(node, 'name the variable of the loop')
    else if (ROOTS.has(named.args)) this.#refuse(named, `${named.args} is taken`)
    else for (const body of bodies) this.node(body, named.args, false)
  }

  #refuse({ start }: ASTNode, detail: string): void {
    this.refused ??= { detail, offset: start }
  }
}

/** `message.subject` as its parts; null where it does not begin with a name. */
function pathOf(node: ASTNode): readonly string[] | null {
  if (node.op === 'id') return [node.args]
  if (node.op !== '.') return null
  const base = pathOf(node.args[0])
  return base && [...base, node.args[1]]
}

function childrenOf(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf)
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : []
}
