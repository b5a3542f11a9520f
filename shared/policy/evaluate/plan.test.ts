import { describe, expect, it } from 'vitest'
import type { AnyAction } from '../registry/action.ts'
import { unite } from '../registry/joins.ts'
import {
  type Contributor,
  conflictsOf,
  distinctContributors,
  Joining,
  joinPlans,
  type Plan,
  slotKey,
  slotsByAction,
} from './plan.ts'

/** An action whose values are sorted lists; it counts its joins. */
function listing(name = 'list') {
  const counted = { joins: 0 }
  const action = {
    name,
    join(a: readonly string[], b: readonly string[]) {
      counted.joins++
      return unite(a, b)
    },
    conflict: (value: readonly string[]) => value.length > 1,
  } as unknown as AnyAction
  return { action, counted }
}

/** Ids in capitals are overridable. */
const by = (ids: string): Contributor[] =>
  [...ids].map((id) => ({ id: id.toLowerCase(), overridable: id !== id.toLowerCase() }))
const planOf = (action: AnyAction, ids: string, value: readonly string[] = []): Plan =>
  new Map([[slotKey(action, 's'), { action, slot: 's', value, by: by(ids) }]])

describe('who contributed', () => {
  it('stays as it is where it is in order', () => {
    for (const ids of ['', 'a', 'ab', 'aBc']) {
      const list = by(ids)
      expect(distinctContributors(list)).toBe(list)
    }
  })
  it('comes into the order of ids, each once, overridable only if always', () => {
    expect(distinctContributors(by('cba'))).toEqual(by('abc'))
    expect(distinctContributors(by('aa'))).toEqual(by('a'))
    expect(distinctContributors(by('AA'))).toEqual(by('A'))
    expect(distinctContributors(by('Aa'))).toEqual(by('a'))
    expect(distinctContributors(by('baB'))).toEqual(by('ab'))
    expect(distinctContributors(by('bBABb'))).toEqual(by('Ab'))
  })
  it('is in order by the places of ids in their policy, where all have one', () => {
    const [a, b] = [
      { id: 'a', overridable: false, order: 0 },
      { id: 'b', overridable: false, order: 1 },
    ]
    const wish = { id: 'intent', overridable: true }
    for (const list of [
      [a, b],
      [a, b, wish],
      [b, wish],
    ])
      expect(distinctContributors(list)).toBe(list)
    expect(distinctContributors([b, a])).toEqual([a, b])
    expect(distinctContributors([a, a])).toEqual([a])
    expect(distinctContributors([wish, b])).toEqual([b, wish])
  })
  it('unites over plans', () => {
    const { action } = listing()
    const joined = (a: string, b: string) => [...joinPlans(planOf(action, a), planOf(action, b)).values()][0]?.by
    expect(joined('ace', 'bd')).toEqual(by('abcde'))
    expect(joined('bd', 'ace')).toEqual(by('abcde'))
    expect(joined('ab', 'cd')).toEqual(by('abcd'))
    expect(joined('cd', 'ab')).toEqual(by('abcd'))
    expect(joined('ca', 'b')).toEqual(by('abc'))
    expect(joined('ABc', 'aBC')).toEqual(by('aBc'))
  })
})

describe('joining plans', () => {
  it('joins slots that stand in both, keeps the others, and changes neither', () => {
    const [one, two] = [listing('one').action, listing('two').action]
    const a = new Map([...planOf(one, 'a', ['x']), ...planOf(two, 'a', ['z'])])
    const b = planOf(one, 'b', ['y'])
    const values = (plan: Plan) => [...plan].map(([key, { value }]) => [key, value])
    expect(values(joinPlans(a, b))).toEqual([
      ['one s', ['x', 'y']],
      ['two s', ['z']],
    ])
    expect(values(joinPlans(b, a)).length).toBe(2)
    expect(values(b)).toEqual([['one s', ['y']]])
    expect(values(a)).toEqual([
      ['one s', ['x']],
      ['two s', ['z']],
    ])
  })
})

describe('contributions as they come', () => {
  const numbered = (count: number) => Array.from({ length: count }, (_, i) => [`v${i}`])
  it('are joined once each, by whichever rule they come again', () => {
    const { action, counted } = listing()
    const plan = new Joining()
    const values = numbered(8)
    for (const id of 'ba')
      for (const value of values) plan.add({ key: 'list', action, slot: '', value }, { id, overridable: false })
    expect(counted.joins).toBe(7)
    expect(plan.plan().get('list')).toEqual({ action, slot: '', value: values.flat(), by: by('ab') })
  })
  it('come from a plan with all who are behind them', () => {
    const { action, counted } = listing()
    const plan = new Joining()
    const [x, y] = [['x'], ['y']]
    const add = (value: unknown, id: string) =>
      plan.add({ key: 'list', action, slot: '', value }, { id, overridable: false })
    plan.addAll('list', { action, slot: '', value: x, by: by('ca') })
    add(y, 'd')
    add(x, 'b')
    plan.addAll('list', { action, slot: '', value: y, by: by('fe') })
    expect(counted.joins).toBe(1)
    expect(plan.plan().get('list')).toEqual({ action, slot: '', value: ['x', 'y'], by: by('abcdef') })
  })
  it('are known by sight up to a number, and joined without harm beyond it', () => {
    const { action, counted } = listing()
    const plan = new Joining()
    const values = numbered(9)
    const add = (value: unknown) => plan.add({ key: 'list', action, slot: '', value }, { id: 'a', overridable: false })
    for (const value of values) add(value)
    add(values[7])
    expect(counted.joins).toBe(8)
    add(values[8])
    expect(counted.joins).toBe(9)
    expect(plan.plan().get('list')?.value).toEqual(values.flat())
  })
})

describe('the slots of a plan', () => {
  const { action } = listing()
  const slot = (
    name: string,
    ids: string,
    value = ['x'],
  ): [string, Plan extends ReadonlyMap<string, infer S> ? S : never] => [
    slotKey(action, name),
    { action, slot: name, value, by: by(ids) },
  ]
  it('come sorted by name to their action, with the rules behind them', () => {
    const slots = slotsByAction(new Map([slot('c', 'ab'), slot('a', 'c'), slot('b', 'd')])).get(action)
    expect(slots?.map(({ slot: name, rules }) => [name, rules])).toEqual([
      ['a', ['c']],
      ['b', ['d']],
      ['c', ['a', 'b']],
    ])
  })
  it('tell their conflicts sorted by name', () => {
    const both = ['x', 'y']
    expect(conflictsOf(new Map([slot('c', 'ab', both), slot('b', 'd'), slot('a', 'ce', both)]))).toEqual([
      { name: 'list a', rules: ['c', 'e'] },
      { name: 'list c', rules: ['a', 'b'] },
    ])
  })
})
