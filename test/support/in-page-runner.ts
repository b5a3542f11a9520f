/** Stands for vitest where a suite runs in a page: collects the cases, and has the few matchers that they use. */
export const cases = new Map<string, () => Promise<void>>()
export const it = (name: string, run: () => Promise<void>): void => void cases.set(name, run)

export const expect = (value: unknown, about = '') => ({
  toEqual: (wanted: unknown) => hold(same(value, wanted, true), about, value, wanted),
  toMatchObject: (wanted: unknown) => hold(same(value, wanted, false), about, value, wanted),
  toHaveLength: (wanted: number) =>
    hold((value as { readonly length?: unknown } | null)?.length === wanted, about, value, wanted),
  toThrow: () => hold(throws(value as () => unknown), about, 'nothing was thrown', 'an error'),
})

function hold(holds: boolean, about: string, found: unknown, wanted: unknown): void {
  if (!holds) throw new Error(`${about} found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`)
}

function throws(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}

/** Deep equality; where it is not `whole`, objects may have more than is wanted. */
function same(found: unknown, wanted: unknown, whole: boolean): boolean {
  if (typeof wanted !== 'object' || wanted === null) return Object.is(found, wanted)
  if (typeof found !== 'object' || found === null || Array.isArray(found) !== Array.isArray(wanted)) return false
  const [names, more] = [Object.keys(wanted), Object.keys(found)]
  if ((whole || Array.isArray(wanted)) && names.length !== more.length) return false
  return names.every((name) =>
    same((found as Record<string, unknown>)[name], (wanted as Record<string, unknown>)[name], whole),
  )
}
