/** Bundles: what goes in comes out, and nothing else comes out. */
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bundleSigner, trustRoots } from '../../server/policies/bundle-sign.ts'
import { decodeBase64, encodeBase64 } from '../../shared/policy/bundle/base64.ts'
import { buildBundle, loadPolicy, readBundle } from '../../shared/policy/index.ts'
import { canonicalText } from '../../shared/policy/parse/canonical-text.ts'
import { type Node, nodeOf } from '../../shared/policy/parse/node.ts'
import { ruleSet } from '../support/policy.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const signer = bundleSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
const trust = trustRoots([{ id: 'anna', publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }])
const createdAt = '2026-03-02T10:00:00Z'
const THEN = 'then'

const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((s) => !/\p{C}/u.test(s) && s.trim() !== '')
const rule = fc.record({
  id: fc.uuid(),
  title: text,
  when: fc.oneof(
    text.map((s) => ({ 'message.subject': { contains: s } })),
    fc.integer({ min: 0, max: 1e9 }).map((n) => ({ 'attachments.totalSize': { gte: n } })),
    fc.constantFrom('1.0', '0x1F', '1e3', '.5').map((s) => ({ 'message.subject': { contains: s } })),
  ),
  [THEN]: fc.constantFrom<unknown>(
    ['receipt'],
    [{ reject: { text: 'no' } }],
    [{ protect: { anyOf: ['smime', 'pgp'] } }],
  ),
})
const policies = fc.uniqueArray(rule, { selector: (one) => one.id, minLength: 1, maxLength: 6 })
const fileOf = (list: readonly unknown[]) => ruleSet(`  rules: ${JSON.stringify(list)}\n`)

describe('a bundle', () => {
  it('has the revision of its source, whatever the order of rules', () => {
    fc.assert(
      fc.property(policies, (list) => {
        const { policy } = loadPolicy([fileOf(list)])
        fc.pre(policy !== null)
        const { text: bundle } = buildBundle([fileOf(list.toReversed())], { serial: 1, createdAt, signer })
        const read = readBundle(bundle!, { trust, currentSerial: 0 })
        expect(read.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
        expect(read.policy?.revision).toBe(policy?.revision)
      }),
      { numRuns: 200 },
    )
  })
  it('with any byte changed is refused', () => {
    const { text: bundle } = buildBundle([fileOf([{ id: 'a', [THEN]: ['receipt'] }])], { serial: 1, createdAt, signer })
    const bytes = Buffer.from(bundle!)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(bytes)
        changed[at]! ^= mask
        expect(readBundle(changed.toString('latin1'), { trust, currentSerial: 0 }).policy).toBeNull()
      }),
      { numRuns: 3000 },
    )
  })
})

describe('documents', () => {
  it('become the same nodes again', () => {
    const at = { line: 1, column: 1 }
    const scalar = fc.oneof(
      fc.string().map((value): Node => ({ kind: 'scalar', value, source: value, at })),
      fc.integer().map((value): Node => ({ kind: 'scalar', value, source: String(value), at })),
      fc.constantFrom<Node>(
        { kind: 'scalar', value: 1, source: '1.0', at },
        { kind: 'scalar', value: -0, source: '-0', at },
        { kind: 'scalar', value: true, source: 'true', at },
        { kind: 'scalar', value: null, source: '', at },
      ),
    )
    const { node } = fc.letrec<{ node: Node }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        scalar,
        fc.array(tie('node'), { maxLength: 4 }).map((items): Node => ({ kind: 'list', items, at })),
        fc
          .uniqueArray(fc.tuple(fc.string(), tie('node')), { selector: ([key]) => key, maxLength: 4 })
          .map((pairs): Node => ({ kind: 'map', entries: pairs.map(([key, value]) => ({ key, value, at })), at })),
      ),
    }))
    const sorted = (one: Node): unknown =>
      one.kind === 'scalar'
        ? one.source + typeof one.value
        : one.kind === 'list'
          ? one.items.map(sorted)
          : Object.fromEntries(one.entries.map(({ key, value }) => [`.${key}`, sorted(value)]))
    fc.assert(
      fc.property(node, (one) => {
        const again = nodeOf(JSON.parse(canonicalText(one)), 10)
        expect(again && sorted(again)).toEqual(sorted(one))
      }),
    )
  })
})

describe('base64', () => {
  it('reads what it wrote, as Node does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
        expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
      }),
    )
  })
  it('takes one text for one value', () => {
    fc.assert(
      fc.property(fc.base64String(), fc.nat(), fc.constantFrom(...'AB+/=-_ \n'), (good, at, other) => {
        const i = at % (good.length + 1)
        const changed = good.slice(0, i) + other + good.slice(i + 1)
        const bytes = decodeBase64(changed)
        if (bytes) expect(encodeBase64(bytes)).toBe(changed)
      }),
    )
  })
})
