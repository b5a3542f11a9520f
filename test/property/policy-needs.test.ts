import { expect, test } from 'vitest'
import type { PolicyInput, RecipientFacts } from '../../shared/domain/index.ts'
import { decide } from '../../shared/policy/index.ts'
import { type FactRequest, neededFacts, unrecordedFacts } from '../../shared/policy/match/needs.ts'
import { randomMail, randomPolicy } from '../support/agreement.ts'
import { meaning } from '../support/policy.ts'
import { randomFrom } from '../support/random.ts'

/** The input with nothing but what these look-ups bring. */
function known(input: PolicyInput, requests: readonly FactRequest[]): PolicyInput {
  const asked = (recipient: number | null, lookup: string) =>
    requests.some((one) => one.recipient === recipient && one.lookup === lookup)
  const { department: _department, groups: _groups, ...stranger } = input.sender
  return {
    ...input,
    sender: asked(null, 'directory') ? input.sender : stranger,
    recipients: input.recipients.map((one, i): RecipientFacts => {
      const { groups: _own, phoneKnown: _phone, lastContact: _contact, tls, ...rest } = one
      return {
        ...rest,
        ...(asked(i, 'directory') ? one : {}),
        ...(tls !== undefined && asked(i, 'tls') ? { tls } : {}),
        keys: asked(i, 'keys') ? one.keys : {},
      }
    }),
  }
}

test('facts that are not needed never change a decision, and some are not needed', () => {
  let spared = 0
  for (let seed = 1; seed <= 150; seed++) {
    const random = randomFrom(seed)
    const policy = randomPolicy(random)
    if (!policy) continue
    for (let i = 0; i < 12; i++) {
      const input = randomMail(random)
      const requests = neededFacts(policy, known(input, []))
      const partly = known(input, requests)
      if (!requests.some(({ lookup }) => lookup === 'keys')) spared++
      expect(meaning(decide(policy, partly)), `seed ${seed}`).toEqual(meaning(decide(policy, input)))
    }
  }
  expect(spared).toBeGreaterThan(20)
}, 60_000)

test('a policy that needs more than was asked for says which fact was not recorded, and no other does', () => {
  let told = 0
  let replayed = 0
  for (let seed = 1; seed <= 80; seed++) {
    const random = randomFrom(seed)
    const [before, after] = [randomPolicy(random), randomPolicy(random)]
    if (!before || !after) continue
    for (let i = 0; i < 8; i++) {
      const whole = randomMail(random)
      const recorded = marked(whole, neededFacts(before, known(whole, [])))
      expect(unrecordedFacts(before, recorded)).toEqual([])
      if (unrecordedFacts(after, recorded).length > 0) told++
      else {
        replayed++
        expect(meaning(decide(after, recorded)), `seed ${seed}`).toEqual(meaning(decide(after, whole)))
      }
    }
  }
  expect(told).toBeGreaterThan(20)
  expect(replayed).toBeGreaterThan(20)
}, 60_000)

/** As the gateway records it: the sender known, of recipients what was asked for. */
function marked(input: PolicyInput, requests: readonly FactRequest[]): PolicyInput {
  const partly = known(input, [...requests, { recipient: null, lookup: 'directory' }])
  const asked = (recipient: number, lookup: string) =>
    requests.some((one) => one.recipient === recipient && one.lookup === lookup)
  return {
    ...partly,
    recipients: partly.recipients.map((one, i) => ({
      ...one,
      unasked: (['directory', 'keys', 'tls'] as const).filter((lookup) => !asked(i, lookup)),
    })),
  }
}
