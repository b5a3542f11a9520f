import { expect, it, vi } from 'vitest'
import {
  buildBundle,
  decide,
  deciding,
  findingNeeds,
  neededFacts,
  readBundle,
  readingBundle,
} from '../../shared/policy/index.ts'
import type { Steps } from '../../shared/policy/steps.ts'
import { file, mail, policyOf, recipient, ruleSet } from '../../test/support/policy.ts'
import { readPayload, sha256 } from '../policies/native.ts'
import { inTurns, othersTurn, turnIsOver } from './turn.ts'

const rules = Array.from(
  { length: 200 },
  (_, i) => `    - {id: r${i}, when: {recipient.domain: d${i}.example}, then: [{protect: {anyOf: [smime, portal]}}]}\n`,
).join('')
const policy = policyOf(ruleSet(`  rules:\n${rules}`))
const input = mail({
  attachments: [file('a.pdf', 1000)],
  recipients: Array.from({ length: 1000 }, (_, i) => ({
    ...recipient({ domain: `d${i % 300}.example` }),
    address: `r${i}@d${i % 300}.example`,
  })),
})

/** Time goes on by what is done only: no load changes it. */
let now = 0
vi.spyOn(performance, 'now').mockImplementation(() => now)

function busy(ms: number) {
  now += ms
}

/** Each step takes a while, as on a busy machine. */
function* slowly<T>(work: Generator<undefined, T>): Steps<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    busy(0.02)
    yield
  }
}

/** So many steps of so many ms. */
function* steps(count: number, ms: number, each: () => void = () => {}): Steps<string> {
  for (let at = 0; at < count; at++) {
    busy(ms)
    each()
    yield
  }
  return 'done'
}

it('decides a mail with many recipients while other work goes on, and as it would at once', async () => {
  let turns = 0
  let going = true
  const other = { text: '' }
  const others = () => {
    turns++
    // Another mail is decided by the same policy in between.
    other.text = decide(policy, { ...input, recipients: input.recipients.slice(0, 3) }).decisionId
    if (going) setImmediate(others)
  }
  setImmediate(others)
  const decision = await inTurns(slowly(deciding(policy, input)))
  going = false
  expect(decision).toEqual(decide(policy, input))
  expect(turns).toBeGreaterThan(1)
  expect(other.text).not.toBe('')
})

it('passes on what the work raises', async () => {
  // biome-ignore lint/correctness/useYield: it fails before its first step
  const failing = (function* (): Steps<void> {
    throw new Error('broken')
  })()
  await expect(inTurns(failing)).rejects.toThrow('broken')
})

it('ends work that takes longer than its budget with a fault that is tried again, and counts no waiting', async () => {
  const fault = await inTurns(slowly(deciding(policy, input)), 10).catch((error: unknown) => error)
  expect(fault).toMatchObject({ code: 'policy-engine', definition: { retry: true } })
  let going = true
  const slow = () => {
    busy(30)
    if (going) setImmediate(slow)
  }
  setImmediate(slow)
  await expect(inTurns(steps(20, 4), 20 * 4)).resolves.toBe('done')
  going = false
})

it('lets other work of the process run between turns', async () => {
  const seen: string[] = []
  setImmediate(() => seen.push('other'))
  seen.push(await inTurns(steps(5, 5)))
  expect(seen).toEqual(['other', 'done'])
})

it('gives two long works and one in small pieces a turn each, in the order in which they came', async () => {
  const seen: string[] = []
  const pieces = async () => {
    for (let at = 0; at < 3; at++) {
      busy(5)
      seen.push('c')
      if (turnIsOver()) await othersTurn()
    }
  }
  await Promise.all([inTurns(steps(3, 5, () => seen.push('a'))), inTurns(steps(3, 5, () => seen.push('b'))), pieces()])
  expect(seen.join('')).toBe('abcabcabc')
})

it('opens a bundle of many rules bit by bit, as it would at once', async () => {
  const many = Array.from(
    { length: 3000 },
    (_, i) =>
      `    - {id: r${i}, when: {recipient.domain: d${i}.example}, then: [{protect: {anyOf: [smime, portal]}}]}\n`,
  ).join('')
  const files = [ruleSet(`  rules:\n${many}`)]
  const { text } = buildBundle(files, { serial: 1, createdAt: '2026-11-23T10:00:00Z', signer: null })
  const options = { trust: null, currentSerial: 0, sha256, readPayload }
  let taken = 0
  const counted = function* () {
    for (const work = readingBundle(text!, options); ; taken++) {
      const { done, value } = work.next()
      if (done) return value
      yield
    }
  }
  const { policy } = await inTurns(counted())
  const { policy: atOnce } = readBundle(text!, options)
  expect(taken).toBeGreaterThan(100)
  expect(decide(policy!, input)).toEqual(decide(atOnce!, input))
})

it('finds what to look up for many recipients one by one, as it would at once', async () => {
  const partial = { ...input, recipients: input.recipients.map((one) => ({ ...one, keys: {} })) }
  let taken = 0
  const work = findingNeeds(policy, partial)
  while (!work.next().done) taken++
  expect(taken).toBe(partial.recipients.length)
  expect(await inTurns(findingNeeds(policy, partial))).toEqual(neededFacts(policy, partial))
})
