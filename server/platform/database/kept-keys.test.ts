import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type KeyRecord, tenantId } from '../../../shared/domain/index.ts'
import type { Store } from '../../ports/store.ts'
import { KeptKeys } from './kept-keys.ts'
import { openSqliteStore } from './sqlite/open.ts'

const tenant = tenantId('acme')
const key: KeyRecord = {
  id: 'a1',
  kind: 'smime',
  use: 'peer',
  address: 'r@peer.example',
  publicText: 'a certificate',
  sealedPrivate: null,
  createdAt: 1,
  revokedAt: null,
}
const query = { kind: 'smime', address: key.address } as const

describe('keys that are asked for again', () => {
  let folder: string
  let ours: Store
  let theirs: Store
  const open = () => openSqliteStore({ file: join(folder, 'secflow.db'), clock: { now: () => 1_800_000_000_000 } })
  const revoked = async (store: Store) =>
    (await store.tenant(tenant).read.keys(query)).map(({ revokedAt }) => revokedAt)

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'secflow-keys-'))
    ours = await open()
    theirs = await open()
    await ours.tenant(tenant).write((tx) => tx.putKey(key))
  })
  afterEach(async () => {
    await ours.close()
    await theirs.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are revoked at once, whichever process did it', async () => {
    expect(await revoked(ours)).toEqual([null])
    await ours.tenant(tenant).write((tx) => tx.putKey({ ...key, revokedAt: 7 }))
    expect(await revoked(ours)).toEqual([7])
    await theirs.tenant(tenant).write((tx) => tx.putKey({ ...key, revokedAt: 8 }))
    expect(await revoked(ours)).toEqual([8])
    await theirs.tenant(tenant).write((tx) => tx.deleteKey(key.id))
    expect(await revoked(ours)).toEqual([])
  })

  it('are those of before while a change is under way, and of after it, or of before where it failed', async () => {
    const { read, write } = ours.tenant(tenant)
    expect(await revoked(ours)).toEqual([null])
    await write(async (tx) => {
      await tx.putKey({ ...key, revokedAt: 7 })
      expect((await tx.keys(query))[0]!.revokedAt).toBe(7)
      expect((await read.keys(query))[0]!.revokedAt).toBe(null)
    })
    expect(await revoked(ours)).toEqual([7])
    const failed = write(async (tx) => {
      await tx.deleteKey(key.id)
      expect(await read.keys(query)).toHaveLength(1)
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await revoked(ours)).toEqual([7])
  })

  it('belong to their tenant', async () => {
    expect(await revoked(ours)).toEqual([null])
    expect(await ours.tenant(tenantId('other')).read.keys(query)).toEqual([])
  })
})

describe('KeptKeys', () => {
  function setup() {
    const state = { others: 1, atRest: true, reads: 0 }
    const kept = new KeptKeys({ others: () => state.others, atRest: () => state.atRest })
    const ask = (address: string, text = 'x') =>
      kept.of(tenant, { address }, async () => {
        state.reads += 1
        return [{ ...key, address, publicText: text }]
      })
    return { state, kept, ask }
  }

  it('reads once, again after every change, and each time while it cannot know', async () => {
    const { state, kept, ask } = setup()
    for (const _ of [1, 2]) expect(await ask('a')).toHaveLength(1)
    expect(state.reads).toBe(1)
    state.others = 2
    await ask('a')
    kept.changed()
    await ask('a')
    expect(state.reads).toBe(3)
    state.atRest = false
    await ask('a')
    expect(state.reads).toBe(3)
    for (const _ of [1, 2]) await ask('b')
    expect(state.reads).toBe(5)
    state.others = Number.NaN
    for (const _ of [1, 2]) await ask('a')
    expect(state.reads).toBe(7)
  })

  it('keeps nothing that was being read when a key changed', async () => {
    const { state, kept, ask } = setup()
    const reading = ask('a')
    kept.changed()
    await reading
    await ask('a')
    expect(state.reads).toBe(2)
  })

  it('keeps 4 MB and no list of half a megabyte', async () => {
    const { state, ask } = setup()
    for (const _ of [1, 2]) await ask('list', 'x'.repeat(500_000))
    expect(state.reads).toBe(2)
    for (let n = 0; n < 40; n += 1) await ask(`r${n}`, 'x'.repeat(200_000))
    expect(state.reads).toBe(42)
    await ask('r39')
    expect(state.reads).toBe(42)
    await ask('r0')
    expect(state.reads).toBe(43)
  })
})
