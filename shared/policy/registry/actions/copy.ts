/** Copies for others: archives and blind copies, once per message. */
import { choice, object, oneOrMore, refine, text } from '../../parse/shape.ts'
import { byCode } from '../../text/canonical.ts'
import { type AnyAction, action } from '../action.ts'
import { isConflict, joinSingle, type Single, single, strongest } from '../joins.ts'
import { comparableAddress } from '../types.ts'

const FORMS = ['plain', 'as-sent'] as const
type Form = (typeof FORMS)[number]

export const ADDRESS = /^[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}$/
export const address = refine(text({ max: 320, pattern: ADDRESS, expected: 'an address' }), comparableAddress)

const archive = action<{ readonly store: string; readonly form?: Form }, Single>({
  name: 'archive',
  phase: 'archive',
  scope: 'message',
  restrictive: false,
  always: true,
  notIn: ['user'],
  doc: {
    de: 'in ein Archiv legen (plain: lesbar, as-sent: wie gesendet)',
    en: 'file in an archive (plain: readable, as-sent: as it left)',
  },
  merge: {
    de: 'alle Archive; für die Form gilt die höhere Ebene',
    en: 'all archives; for the form the higher layer stands',
  },
  params: object(
    { store: text({ max: 100, pattern: /^[\w.-]+$/, expected: 'the name of a store' }) },
    { form: choice(FORMS) },
  ),
  contribute: ({ store, form }, { rank }) => [{ slot: store, value: single(form ?? 'plain', rank) }],
  fixed: () => true,
  join: joinSingle,
  conflict: isConflict,
  once: (slots) => slots.map(({ slot, value }) => ({ do: 'archive', store: slot, form: value.values[0] as Form })),
})

const bcc = action<{ readonly to: readonly string[]; readonly form?: Form }, Single>({
  name: 'bcc',
  phase: 'copy',
  scope: 'message',
  restrictive: false,
  notIn: ['user'],
  doc: { de: 'eine Blindkopie, wenn etwas zugestellt wird', en: 'a blind copy, if anything is delivered' },
  merge: {
    de: 'alle Adressen; für die Form gilt die höhere Ebene',
    en: 'all addresses; for the form the higher layer stands',
  },
  params: object({ to: oneOrMore(address) }, { form: choice(FORMS) }),
  contribute: ({ to, form }, { rank }) => to.map((one) => ({ slot: one, value: single(form ?? 'as-sent', rank) })),
  fixed: () => true,
  join: joinSingle,
  conflict: isConflict,
  once: (slots) =>
    FORMS.flatMap((form) => {
      const to = slots.filter(({ value }) => value.values[0] === form).map(({ slot }) => slot)
      return to.length === 0 ? [] : [{ do: 'bcc' as const, to: to.sort(byCode), form }]
    }),
})

const HOLDERS = ['first', 'all'] as const
type Holders = (typeof HOLDERS)[number]

const deliverTo = action<{ readonly role: string; readonly holders?: Holders }, Holders>({
  name: 'deliverTo',
  phase: 'copy',
  scope: 'message',
  restrictive: true,
  notIn: ['user'],
  doc: {
    de: 'auch denen zustellen, die eine Rolle innehaben (Bereitschaft zuerst, Vertreter zuletzt); hat sie niemand inne, wird angehalten',
    en: 'deliver to the holders of a role, too (on-call first, deputies last); held when nobody holds it',
  },
  merge: {
    de: 'alle Rollen; für dieselbe gilt all vor first',
    en: 'all roles; for the same one all stands before first',
  },
  params: object(
    { role: text({ max: 100, pattern: /^[^\r\n]+$/, expected: 'the name of a role' }) },
    { holders: choice(HOLDERS) },
  ),
  contribute: ({ role, holders }) => [{ slot: role, value: holders ?? 'all' }],
  fixed: () => true,
  join: (a, b) => strongest(HOLDERS, a, b),
  once: (slots) => slots.map(({ slot, value, rules }) => ({ do: 'deliverTo', role: slot, holders: value, rules })),
})

export const copying: readonly AnyAction[] = [archive, bcc, deliverTo]
