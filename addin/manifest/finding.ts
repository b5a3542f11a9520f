import type { Element } from './xml.ts'

export interface Finding {
  /** `error`: Outlook or the administrator's centre will not take it. `warning`: it works for fewer than it could. */
  readonly severity: 'error' | 'warning'
  /** Stable name of the rule. */
  readonly rule: string
  /** Line in the file; 0 for the whole. */
  readonly line: number
  readonly text: string
}

export type Report = (rule: string, where: Element | null, text: string, severity?: Finding['severity']) => void

/** An element and all in it, each with its parents, the nearest last. */
export function* walk(
  root: Element,
  parents: readonly Element[] = [],
): Generator<readonly [Element, readonly Element[]]> {
  yield [root, parents]
  for (const child of root.children) yield* walk(child, [...parents, root])
}

export const childOf = (one: Element | undefined, name: string): Element | undefined =>
  one?.children.find((child) => child.name === name)
