import { expect, it } from 'vitest'
import { decide, deciding } from '../../shared/policy/index.ts'
import { file, mail, policyOf, recipient, ruleSet } from '../../test/support/policy.ts'
import { inSlices } from './in-slices.ts'

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
  const decision = await inSlices(slowly(deciding(policy, input)), () => {
    pauses++
    // Another mail is decided by the same policy in between.
    other.text = decide(policy, { ...input, recipients: input.recipients.slice(0, 3) }).decisionId
    return Promise.resolve()
  })
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
