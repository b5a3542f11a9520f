/** `inList` and `notInList` on lists whose entries come from outside: analysis knows nothing of their entries, so they have names of their own. */
import { copyOf, type LiveOperand, stands } from '../../live-lists.ts'
import type { AnyOperator, OperatorDefinition } from '../operator.ts'
import { types } from '../types.ts'

function live(negative: boolean): OperatorDefinition<LiveOperand> {
  return {
    name: negative ? 'notInLiveList' : 'inLiveList',
    types: [],
    doc: negative
      ? { de: 'steht nicht in der Liste von außen', en: 'is not in the list from outside' }
      : { de: 'steht in der Liste von außen', en: 'is in the list from outside' },
    every: negative,
    schema: () => ({}),
    read: () => undefined,
    absent: () => negative,
    /** For whoever wants two values: not known to hold is not held. */
    test(operand, field) {
      const truth = this.truth!(operand, field)
      return (value, scene) => truth(value, scene) === true
    },
    truth({ live: names, values }, field) {
      const own = types[field.type].oneOf(values)
      return (value, scene) => {
        if (own(value)) return !negative
        let open = false
        for (const name of names) {
          const copy = copyOf(name, scene)
          if (copy === null) open = true
          else if (stands(value, copy, field)) return !negative
        }
        return open ? undefined : negative
      }
    },
  }
}

const LIVE = new Map([
  ['inList', live(false) as AnyOperator],
  ['notInList', live(true) as AnyOperator],
])

/** The form of an operator on lists that asks at run time. */
export function liveForm(operator: AnyOperator): AnyOperator {
  return LIVE.get(operator.name) ?? operator
}
