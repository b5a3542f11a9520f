/** Lists that are fetched from the points that certificates name: kept when an authority of ours signed them, and never from inside. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { type OpensslCa, opensslCa } from '../../test/support/openssl-ca.ts'
import { crlSource } from '../platform/crl-http.ts'
import { openSqliteStore } from '../platform/database/sqlite/open.ts'
import type { CrlSource } from '../ports/crl-source.ts'
import { silentLog } from '../ports/log.ts'
import type { Store } from '../ports/store.ts'
import { certificateOf } from './certificate.ts'
import { createKeyDesk } from './desk.ts'
import { verifyPath } from './path.ts'
import { keyRecordOfAnchor, keyRecordOfPeer } from './records.ts'
import { crlRecord } from './revocation-record.ts'
import { Revocations } from './revocations.ts'

const BOB = 'bob@peer.example'
const tenant = tenantId('one')
const HOUR = 3_600_000

let ca: OpensslCa
let server: Server
let host: string
let answer: () => Buffer | number
let asked = 0
beforeAll(async () => {
  server = createServer((_, response) => {
    asked += 1
    const body = answer()
    if (typeof body === 'number') response.writeHead(body, { location: '/elsewhere' }).end()
    else response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  ca = opensslCa(BOB)
  writeFileSync(ca.path('index.txt'), '')
  writeFileSync(
    ca.path('ca.cnf'),
    '[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=7\n',
  )
  writeFileSync(
    ca.path('point.cnf'),
    `${readFileSync(ca.path('leaf.cnf'), 'utf8')}crlDistributionPoints=URI:http://${host}/ca.crl\n`,
  )
  ca.run(
    ...['x509', '-req', '-in', 'p256.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-days', '20'],
    ...['-extfile', 'point.cnf', '-out', 'point.crt'],
  )
  const crl = ['ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key']
  ca.run(...crl, '-gencrl', '-out', 'empty.crl')
  ca.run(...crl, '-revoke', 'point.crt')
  ca.run(...crl, '-gencrl', '-out', 'revoked.crl')
})
afterAll(() => {
  server.close()
  ca[Symbol.dispose]()
})

const read = (name: string) => readFileSync(ca.path(name))
const pem = (name: string) => read(name).toString()

const recordOf = async (list: string | Uint8Array) => (await crlRecord(list, 1)).record

async function withStore(
  work: (store: Store, setNow: (now: number) => void, make: (source: CrlSource | null) => Revocations) => Promise<void>,
) {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-revocations-'))
  let now = Date.now() + 10_000
  const clock = { now: () => now }
  const store = await openSqliteStore({ file: join(folder, 'secflow.db'), clock })
  try {
    await store.tenant(tenant).write(async (tx) => {
      await tx.putKey(keyRecordOfAnchor(pem('ca.crt'), 1))
      await tx.putKey(keyRecordOfPeer(BOB, pem('point.crt'), 1))
    })
    const make = (source: CrlSource | null) =>
      new Revocations({ store, clock, log: silentLog }, [{ id: tenant, required: false, source }])
    await work(
      store,
      (to) => {
        now = to
      },
      make,
    )
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

const trust = (revocations: Revocations) =>
  verifyPath(
    certificateOf(read('point.crt')),
    [],
    [certificateOf(read('ca.crt'))],
    Date.now() + 10_000,
    revocations.of(tenant),
  )

it('a certificate that the list at its distribution point names is revoked; the list is asked for once a day', async () => {
  await withStore(async (store, setNow, make) => {
    answer = () => read('revoked.crl')
    asked = 0
    const revocations = make(crlSource([host]))
    const began = Date.now() + 10_000
    expect(trust(revocations)).toBeNull()
    await revocations.look(began)
    expect(trust(revocations)).toBe('certificate-revoked')
    for (const later of [1, 2, 20]) await revocations.look(began + later * HOUR)
    expect(asked).toBe(1)
    setNow(began + 25 * HOUR)
    await revocations.look(began + 25 * HOUR)
    expect(asked).toBe(2)
    // Another process finds it in the store.
    const next = make(null)
    await next.look(began)
    expect(trust(next)).toBe('certificate-revoked')
    expect(await store.tenant(tenant).read.keys({ kind: 'crl' })).toHaveLength(1)
  })
})

it('what is no list of an authority of ours changes nothing, and is asked again an hour later', async () => {
  using stranger = opensslCa(BOB)
  writeFileSync(stranger.path('index.txt'), '')
  writeFileSync(stranger.path('ca.cnf'), pem('ca.cnf'))
  stranger.run(...['ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key'], ...['-gencrl', '-out', 'x.crl'])
  for (const bad of [
    () => 404,
    () => 500,
    () => 302,
    () => Buffer.from('<html>'),
    () => Buffer.alloc(9 * 1024 * 1024),
    () => readFileSync(stranger.path('x.crl')),
  ]) {
    await withStore(async (store, _, make) => {
      const known = await recordOf(pem('revoked.crl'))
      await store.tenant(tenant).write((tx) => tx.putKey(known))
      const revocations = make(crlSource([host]))
      const began = Date.now() + 10_000
      answer = bad
      await revocations.look(began)
      expect(trust(revocations)).toBe('certificate-revoked')
      asked = 0
      answer = () => read('revoked.crl')
      await revocations.look(began + HOUR / 2)
      expect(asked).toBe(0)
      await revocations.look(began + HOUR)
      expect(asked).toBe(1)
    })
  }
})

it('a certificate that came along with mail makes nobody an authority: its lists replace none, its points are not asked', async () => {
  // Of our authority's name and key identifier, by a stranger, who sent it beside a good certificate.
  const keyId = certificateOf(read('ca.crt')).raw.toString('hex')
  const [, ski] = /0603551d0e04160414([0-9a-f]{40})/.exec(keyId) ?? []
  using stranger = opensslCa(BOB)
  writeFileSync(stranger.path('index.txt'), '')
  writeFileSync(stranger.path('ca.cnf'), pem('ca.cnf'))
  writeFileSync(
    stranger.path('twin.cnf'),
    `basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=${ski}\ncrlDistributionPoints=URI:http://${host}/twin.crl\n`,
  )
  stranger.run('req', '-new', '-key', 'ca.key', '-subj', '/CN=Test CA', '-out', 'twin.csr')
  stranger.run(
    ...['x509', '-req', '-in', 'twin.csr', '-signkey', 'ca.key', '-days', '20', '-extfile', 'twin.cnf'],
    ...['-out', 'twin.crt'],
  )
  stranger.run('ca', '-config', 'ca.cnf', '-cert', 'twin.crt', '-keyfile', 'ca.key', '-gencrl', '-out', 'x.crl')
  const twin = readFileSync(stranger.path('twin.crt'), 'utf8')
  await withStore(async (store, _, make) => {
    const known = await recordOf(pem('revoked.crl'))
    await store.tenant(tenant).write(async (tx) => {
      await tx.putKey(known)
      await tx.putKey(keyRecordOfPeer('eve@other.example', `${pem('p256.crt')}${twin}`, 1))
    })
    const list = readFileSync(stranger.path('x.crl'))
    expect((await recordOf(list)).id).toBe(known.id)
    const began = Date.now() + 10_000
    const asked: string[] = []
    const revocations = make({
      async read(url) {
        asked.push(url)
        return list
      },
    })
    await revocations.look(began)
    expect(asked).toEqual([`http://${host}/ca.crl`])
    expect(trust(revocations)).toBe('certificate-revoked')
    const desk = createKeyDesk({ store, clock: { now: () => began }, reload: (id) => revocations.reload(id) })
    const operator = { subject: 'op', reason: 'x' }
    await expect(desk.importCrl(tenant, list, operator)).rejects.toMatchObject({ code: 'crl-unusable' })
  })
})

it('what another node stored is seen within a minute, also while a point does not answer', async () => {
  await withStore(async (store, _, make) => {
    const waiting = Promise.withResolvers<Buffer>()
    const revocations = make({ read: () => waiting.promise })
    const began = Date.now() + 10_000
    const first = revocations.look(began)
    const known = await recordOf(pem('revoked.crl'))
    await store.tenant(tenant).write((tx) => tx.putKey(known))
    const second = revocations.look(began + 61_000)
    await vi.waitFor(() => expect(trust(revocations)).toBe('certificate-revoked'), { timeout: 20_000 })
    waiting.reject(new Error('no answer'))
    await Promise.all([first, second])
  })
})

it('others have their turn while a list of many entries is read', async () => {
  const revoked = Array.from(
    { length: 20_000 },
    (_, at) => `R\t301231000000Z\t260101000000Z\t${(at + 0x100000).toString(16).toUpperCase()}\tunknown\t/CN=x\n`,
  )
  writeFileSync(ca.path('index.txt'), revoked.join(''))
  ca.run('ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key', '-gencrl', '-out', 'large.crl')
  let turns = 0
  let reading = true
  const count = () => {
    turns += 1
    if (reading) setImmediate(count)
  }
  setImmediate(count)
  expect((await crlRecord(read('large.crl'), 1)).list.revoked.size).toBe(20_000)
  reading = false
  // Read in one go it would be one or two; it takes some 50 ms, in slices of 3 ms.
  expect(turns).toBeGreaterThan(4)
})

it('an older list does not take the place of a newer one', async () => {
  await withStore(async (store, _, make) => {
    const crl = ['ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key', '-gencrl']
    ca.run(...crl, '-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', '20991231000000Z', '-out', 'older.crl')
    const known = await recordOf(pem('empty.crl'))
    await store.tenant(tenant).write((tx) => tx.putKey(known))
    answer = () => read('older.crl')
    const revocations = make(crlSource([host]))
    await revocations.look(Date.now() + 10_000)
    const [kept] = await store.tenant(tenant).read.keys({ kind: 'crl' })
    expect(kept?.publicText).toBe(known.publicText)
  })
})

it.each([
  ['this machine', 'http://127.0.0.1/x.crl'],
  ['this machine, by name', 'http://localhost/x.crl'],
  ['a private network', 'http://10.1.2.3/x.crl'],
  ['a metadata service', 'http://169.254.169.254/latest'],
  ['IPv6 of this machine', 'http://[::1]/x.crl'],
  ['another port', 'http://crl.example:6379/x.crl'],
  ['credentials', 'http://a:b@crl.example/x.crl'],
  ['a file', 'file:///etc/passwd'],
  ['LDAP', 'ldap://crl.example/x'],
])('is not fetched from %s', async (_, url) => {
  await expect(crlSource([]).read(url)).rejects.toMatchObject({ code: 'effect-refused' })
})

it('a point that switches to another protocol does not hold up the others', async () => {
  const rogue = createServer().on('upgrade', (_, socket) => socket.destroy())
  rogue.on('request', ({ socket }) => socket.end('HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'))
  await new Promise<void>((resolve) => rogue.listen(0, '127.0.0.1', resolve))
  const name = `127.0.0.1:${(rogue.address() as AddressInfo).port}`
  await expect(crlSource([name], { timeoutMs: 2_000 }).read(`http://${name}/x.crl`)).rejects.toBeInstanceOf(Fault)
  rogue.close()
})

it('without leave no point is asked', async () => {
  await withStore(async (_store, _now, make) => {
    asked = 0
    await make(null).look(Date.now() + 10_000)
    expect(asked).toBe(0)
  })
})
