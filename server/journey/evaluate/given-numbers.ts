import { lookupAddress } from '../../../shared/words/address.ts'
import { keyOwners, type SaidNumber } from '../../../shared/words/packed-numbers.ts'
import { sha256Text } from '../../ports/digest.ts'

export interface GivenNumbers {
  /** E.164 by the recipient's address in the form of look-ups. */
  readonly numbers: ReadonlyMap<string, string>
  /** Why some of what was said does not count. */
  readonly notes: readonly string[]
}

/**
 * Whose numbers these are. Two for one recipient count as none, and a packed one counts only for the one address in To and Cc
 * that it can mean: a password goes to nobody's telephone by chance. `visible` is To and Cc as written; `named` gives who is
 * meant by an address that was typed for another gateway.
 */
export function givenNumbers(
  said: readonly SaidNumber[],
  visible: readonly string[],
  named: (text: string) => string,
): GivenNumbers {
  const numbers = new Map<string, string | null>()
  const notes: string[] = []
  const owners = said.some((one) => 'key' in one) ? keyOwners(visible, sha256Text) : null
  for (const one of said) {
    const address = 'key' in one ? owners?.get(one.key) : one.address
    if (!address) {
      notes.push('a packed phone number names nobody in To and Cc, or more than one')
      continue
    }
    const recipient = lookupAddress(named(address))
    const before = numbers.get(recipient)
    if (before !== undefined && before !== one.phone)
      notes.push('one recipient has more than one phone number: none counts')
    numbers.set(recipient, before === undefined || before === one.phone ? one.phone : null)
  }
  return { numbers: new Map([...numbers].flatMap(([who, phone]) => (phone === null ? [] : [[who, phone]]))), notes }
}
