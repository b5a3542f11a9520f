import { expect, it } from 'vitest'
import {
  buildBundle,
  decide,
  deciding,
  findingNeeds,
  neededFacts,
  readBundle,
  readingBundle,
} from '../../shared/policy/index.ts'
import { file, mail, policyOf, recipient, ruleSet } from '../../test/support/policy.ts'
import { inSlices } from './in-slices.ts'
import { readPayload, sha256 } from './native.ts'

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

/** Each step takes a while, as on a busy machine. */
function* slowly<T>(work: Generator<undefined, T>): Generator<undefined, T> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    const until = performance.now() + 0.02
    while (performance.now() < until);
    yield
  }
}

it('decides a mail with many recipients while other work goes on, and as it would at once', async () => {
  let pauses = 0
  const other = { text: '' }
  const pause = () => {
    pauses++
    // Another mail is decided by the same policy in between.
    other.text = decide(policy, { ...input, recipients: input.recipients.slice(0, 3) }).decisionId
    return Promise.resolve()
  }
  const decision = await inSlices(slowly(deciding(policy, input)), { pause })
  expect(decision).toEqual(decide(policy, input))
  expect(pauses).toBeGreaterThan(0)
  expect(other.text).not.toBe('')
})

it('passes on what the work raises', async () => {
  // biome-ignore lint/correctness/useYield: it fails before its first step
  const failing = (function* (): Generator<undefined, void> {
    throw new Error('broken')
  })()
  await expect(inSlices(failing)).rejects.toThrow('broken')
})

it('ends work that takes longer than its budget with a fault that is tried again, and counts no pauses', async () => {
  const fault = await inSlices(slowly(deciding(policy, input)), { budgetMs: 10 }).catch((error: unknown) => error)
  expect(fault).toMatchObject({ code: 'policy-engine', definition: { retry: true } })
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20))
  const patient = inSlices(slowly(deciding(policy, input)), { budgetMs: 60_000, pause })
  await expect(patient).resolves.toEqual(decide(policy, input))
})

it('lets other work of the process run between slices', async () => {
  const seen: string[] = []
  const work = (function* (): Generator<undefined, string> {
    for (let i = 0; i < 5; i++) {
      const until = performance.now() + 5
      while (performance.now() < until);
      yield
    }
    return 'done'
  })()
  setImmediate(() => seen.push('other'))
  seen.push(await inSlices(work))
  expect(seen).toEqual(['other', 'done'])
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
  let steps = 0
  const counted = function* () {
    for (const work = readingBundle(text!, options); ; steps++) {
      const { done, value } = work.next()
      if (done) return value
      yield
    }
  }
  const { policy } = await inSlices(counted())
  const { policy: atOnce } = readBundle(text!, options)
  expect(steps).toBeGreaterThan(100)
  expect(decide(policy!, input)).toEqual(decide(atOnce!, input))
})

it('finds what to look up for many recipients one by one, as it would at once', async () => {
  const partial = { ...input, recipients: input.recipients.map((one) => ({ ...one, keys: {} })) }
  let steps = 0
  const work = findingNeeds(policy, partial)
  while (!work.next().done) steps++
  expect(steps).toBe(partial.recipients.length)
  expect(await inSlices(findingNeeds(policy, partial))).toEqual(neededFacts(policy, partial))
})
