import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MessageId, tenantId } from '../../shared/domain/index.ts'
import { buildBundle, loadPolicy, type Policy, type PolicyFile, rollbackTo } from '../../shared/policy/index.ts'
import { memoryStore } from '../../test/support/memory-store.ts'
import { mail, ruleSet, rules } from '../../test/support/policy.ts'
import { silentLog } from '../ports/log.ts'
import { bundleSigner, trustRoots } from './bundle-sign.ts'
import { followApplied, loadPolicies, reloadPolicies } from './load.ts'
import { PolicyRegistry } from './registry.ts'
import { createRollOut, type RollOutTenant } from './roll-out.ts'

const key = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    signer: bundleSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}
const anna = key()
const trustAnna = trustRoots([{ id: 'anna', publicKey: anna.publicKey }])
const trustOther = trustRoots([{ id: 'other', publicKey: key().publicKey }])
const id = tenantId('demo')
const by = { subject: 'bert', address: null }
const named = (rule: string) => ruleSet(rules(`{id: ${rule}, then: [receipt]}`))
const bundle = (
  serial: number,
  file: PolicyFile = named(`v${serial}`),
  signer: typeof anna.signer | null = anna.signer,
) => buildBundle([file], { serial, createdAt: '2026-03-02T10:00:00Z', signer }).text!

let folder: string
let store: ReturnType<typeof memoryStore>
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'secflow-roll-out-'))
  await writeFile(path.join(folder, 'a.yaml'), named('directory').text)
  store = memoryStore()
})
afterEach(() => rm(folder, { recursive: true }))

/** A process of the gateway on the shared store. */
function node(trust: RollOutTenant['trust'] = trustAnna, twoPersons = false) {
  const registry = new PolicyRegistry()
  const logged: string[] = []
  const log = { ...silentLog, error: (event: string) => void logged.push(event) }
  const parts = { registry, store, log, clock: { now: () => 1 } }
  const tenants = [{ id, policyDir: folder, trust, twoPersons }]
  return {
    registry,
    logged,
    load: () => loadPolicies(parts, tenants),
    reload: () => reloadPolicies(parts, tenants),
    follow: followApplied(parts, tenants),
    apply: (text: string) => createRollOut(parts, tenants).apply(id, text, by, ''),
    replay: (after: Policy, limit: number) => createRollOut(parts, tenants).replay(id, after, { since: 0, limit }),
    rollback: (serial: number) => createRollOut(parts, tenants).rollback(id, serial, by, 'why'),
    serves: () =>
      registry.ready(id)
        ? registry
            .active(id)
            .rules.map((rule) => rule.id)
            .join()
        : 'nothing',
  }
}

describe('what serves', () => {
  it('is the directory until a bundle was applied, then that one, also after a restart or a reload', async () => {
    const first = node()
    await first.load()
    expect(first.serves()).toBe('directory')
    await first.apply(bundle(5))
    expect(first.serves()).toBe('v5')
    await first.reload()
    expect(first.serves()).toBe('v5')
    const second = node()
    await second.load()
    expect(second.serves()).toBe('v5')
    expect(second.registry.state(id)).toMatchObject({ serial: 5, stale: false })
  })
  it('follows what another process applied', async () => {
    const [one, two] = [node(), node()]
    await Promise.all([one.load(), two.load()])
    await one.apply(bundle(5))
    expect(two.serves()).toBe('directory')
    await two.follow()
    expect(two.serves()).toBe('v5')
    await two.apply(bundle(6))
    await one.follow()
    expect(one.serves()).toBe('v6')
  })
  it('is nothing when the last bundle is not trusted any more: older files do not come back', async () => {
    await node().apply(bundle(5))
    const distrusting = node(trustOther)
    await distrusting.load()
    expect(distrusting.serves()).toBe('nothing')
    expect(distrusting.logged).toContain('policy.invalid')
  })
  it('stays when another process applied what is not trusted here, which is said once', async () => {
    const distrusting = node(trustOther)
    await distrusting.load()
    await node().apply(bundle(5))
    await distrusting.follow()
    expect(distrusting.serves()).toBe('directory')
    expect(distrusting.registry.state(id)?.stale).toBe(true)
    const said = distrusting.logged.length
    expect(said).toBeGreaterThan(0)
    await distrusting.follow()
    expect(distrusting.logged).toHaveLength(said)
  })
  it('is no row that somebody wrote into the database', async () => {
    const row = { revision: 'x', author: 'anna', appliedAt: 1, appliedBy: 'x', note: '' }
    const signed = bundle(5)
    await store.tenant(id).write((tx) => tx.insertPolicyVersion({ ...row, serial: 9, bundle: signed }))
    const replayed = node()
    await replayed.load()
    expect(replayed.serves()).toBe('nothing')
    await store
      .tenant(id)
      .write((tx) => tx.insertPolicyVersion({ ...row, serial: 10, bundle: bundle(10, undefined, null) }))
    const unsigned = node()
    await unsigned.load()
    expect(unsigned.serves()).toBe('nothing')
  })
})

describe('applying', () => {
  it('is refused without a trace in what serves', async () => {
    const one = node()
    await one.load()
    await one.apply(bundle(5))
    for (const text of [bundle(5), bundle(4), bundle(6, undefined, null), 'x'])
      await expect(one.apply(text)).rejects.toMatchObject({
        code: 'bundle-refused',
        diagnostics: [{ severity: 'error' }],
      })
    expect(one.serves()).toBe('v5')
    expect(one.registry.state(id)).toMatchObject({ stale: false, serial: 5 })
    const log = await store.tenant(id).read.audit({ limit: 99 })
    expect(log.map(({ type, actor }) => `${type} ${actor}`)).toEqual([
      'policy.applied bert',
      ...Array.from({ length: 4 }, () => 'policy.refused bert'),
    ])
  })
  it('by the author needs no second person unless that is asked for', async () => {
    const trust = trustRoots([{ id: 'Bert', publicKey: anna.publicKey }])
    await node(trust).apply(bundle(1))
    await expect(node(trust, true).apply(bundle(2))).rejects.toMatchObject({ code: 'second-person-needed' })
  })
  it('takes unsigned bundles only where nobody is trusted by name', async () => {
    await expect(node(null).apply(bundle(1, undefined, null))).resolves.toMatchObject({ serial: 1, author: null })
  })
})

describe('going back', () => {
  it('puts in force what was signed then, under a serial of its own, audited', async () => {
    const [one, two] = [node(), node()]
    await one.apply(bundle(5))
    await one.apply(bundle(6))
    await two.load()
    const back = await one.rollback(5)
    expect(back).toMatchObject({ serial: 7, rollbackTo: 5, author: 'anna', appliedBy: 'bert', note: 'why' })
    expect(one.serves()).toBe('v5')
    await two.follow()
    expect(two.serves()).toBe('v5')
    const restarted = node()
    await restarted.load()
    expect(restarted.serves()).toBe('v5')
    const [last] = (await store.tenant(id).read.audit({ limit: 99 })).slice(-1)
    expect(last).toMatchObject({ type: 'policy.rolled-back', actor: 'bert', detail: { serial: 7, rollbackTo: 5 } })
    await one.apply(bundle(8))
    expect(one.serves()).toBe('v8')
  })
  it('to a version that was itself a way back names the one that was signed', async () => {
    const one = node()
    for (const serial of [5, 6]) await one.apply(bundle(serial))
    await one.rollback(5)
    await one.apply(bundle(9))
    expect(await one.rollback(7)).toMatchObject({ serial: 10, rollbackTo: 5 })
    expect(one.serves()).toBe('v5')
  })
  it('leads nowhere that was not in force, not trusted today, or written by who asks', async () => {
    const one = node()
    await one.apply(bundle(5))
    await one.apply(bundle(6))
    await expect(one.rollback(4)).rejects.toMatchObject({ code: 'not-found' })
    const distrusting = node(trustOther)
    await expect(distrusting.rollback(5)).rejects.toMatchObject({
      code: 'bundle-refused',
      diagnostics: [{ code: 'bundle-key' }],
    })
    const own = node(trustRoots([{ id: 'Bert', publicKey: anna.publicKey }]), true)
    await expect(own.rollback(5)).rejects.toMatchObject({ code: 'second-person-needed' })
    expect(one.serves()).toBe('v6')
    expect(await store.tenant(id).read.policyVersions({ limit: 1 })).toMatchObject([{ serial: 6 }])
  })
  it('is refused where a forged row names no signed version, or itself', async () => {
    const row = { revision: 'x', author: 'anna', appliedAt: 1, appliedBy: 'x', note: '' }
    await node().apply(bundle(5))
    for (const [serial, to] of [
      [6, 4],
      [7, 7],
      [8, 9],
    ] as const) {
      await store.tenant(id).write((tx) => tx.insertPolicyVersion({ ...row, serial, bundle: rollbackTo(to) }))
      const restarted = node()
      await restarted.load()
      expect(restarted.serves()).toBe('nothing')
    }
  })
  it('replays the newest mail where not all is asked for', async () => {
    const one = node()
    await one.apply(bundle(5))
    await store.tenant(id).write(async (tx) => {
      for (const at of [1, 2, 3])
        await tx.putDecisionInput({
          message: `m${at}` as MessageId,
          at,
          input: mail({ message: { subject: at === 3 ? 'new' : 'old' } }),
          redacted: false,
          rules: [],
        })
    })
    const { policy } = loadPolicy([
      ruleSet(
        rules('{id: v5, then: [receipt]}', '{id: n, when: {message.subject: new}, then: [{reject: {text: no}}]}'),
      ),
    ])
    const report = await one.replay(policy!, 1)
    expect(report).toMatchObject({ total: 1, changed: 1, examples: ['m3'] })
  })
})
