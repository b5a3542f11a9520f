import type { PersonRecord } from './record.ts'

/** Members of these groups of a role come first and last; everybody else between, in the order given. */
const PRECEDENCE: Readonly<Record<string, number>> = { 'on-call': -1, deputy: 1 }

const precedence = (person: PersonRecord): number =>
  person.groups.reduce((rank, group) => rank + (PRECEDENCE[group.toLowerCase()] ?? 0), 0)

/** Addresses of the holders of a role as mail to the role tries them: on-call first, deputies last. */
export function inPrecedence(holders: readonly PersonRecord[]): readonly string[] {
  return holders.toSorted((a, b) => precedence(a) - precedence(b)).map(({ address }) => address)
}
