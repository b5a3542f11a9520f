/** Where a copy goes. */
import { object, text } from '../../parse/shape.ts'
import { type AnyAction, action } from '../action.ts'
import { isConflict, joinSingle, type Single, single } from '../joins.ts'

const NAME = /^[\w.-]{1,100}$/

const route = action<{ readonly via: string }, Single>({
  name: 'route',
  phase: 'route',
  scope: 'recipient',
  restrictive: true,
  notIn: ['user'],
  doc: { de: 'über einen benannten Weg zustellen', en: 'deliver by a named route' },
  merge: { de: 'ein Wert; die höhere Ebene gilt', en: 'one value; the higher layer stands' },
  params: object({ via: text({ max: 100, pattern: NAME, expected: 'the name of a route' }) }, {}),
  contribute: ({ via }, { rank }) => [{ slot: '', value: single(via, rank) }],
  fixed: () => true,
  join: joinSingle,
  conflict: isConflict,
  steps: (slots) => slots.map(({ value }) => ({ do: 'route', via: value.values[0]! })),
})

const api = action<{ readonly endpoint: string }, true>({
  name: 'api',
  phase: 'route',
  scope: 'recipient',
  restrictive: false,
  notIn: ['user'],
  doc: {
    de: 'an eine benannte Schnittstelle übergeben, wenn zugestellt wird',
    en: 'hand over to a named interface, if delivered',
  },
  merge: { de: 'alle', en: 'all of them' },
  params: object(
    { endpoint: text({ max: 300, pattern: /^[\w.-]+$|^https:\/\/[^\s]+$/, expected: 'a name or an https address' }) },
    {},
  ),
  contribute: ({ endpoint }) => [{ slot: endpoint, value: true }],
  fixed: () => true,
  join: () => true,
  steps: (slots) => slots.map(({ slot }) => ({ do: 'api', endpoint: slot })),
})

export const routing: readonly AnyAction[] = [route, api]
