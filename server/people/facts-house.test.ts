import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { type OpensslCa, opensslCa } from '../../test/support/openssl-ca.ts'
import { generatePgpKey } from '../journey/transform/openpgp/index.ts'
import { tenantSecrets } from '../platform/secrets.ts'
import { openFacts } from './facts-house.ts'

/** After the certificates that are made below. */
const now = Date.now() + 10_000
const tenant = tenantId('one')
const options = { tenant, secrets: tenantSecrets(Buffer.alloc(32, 7)), now }

let ca: OpensslCa
let file: string
beforeAll(async () => {
  ca = opensslCa('anna@alpha.example')
  const gateway = await generatePgpKey({ name: '', address: 'mail@alpha.example', time: now - 60_000, kind: 'ecc' })
  const bob = await generatePgpKey({ name: '', address: 'bob@peer.example', time: now - 60_000, kind: 'ecc' })
  writeFileSync(ca.path('gateway.asc'), gateway.armoredPrivate)
  writeFileSync(ca.path('bob.asc'), bob.armoredPublic)
  file = ca.path('people.yaml')
  writeFileSync(
    file,
    `people:
  - {address: zoe@alpha.example, role: ciso, groups: [deputy]}
  - {address: anna@alpha.example, user: true, role: ciso}
  - {address: yan@alpha.example, role: ciso, groups: [On-Call]}
  - {address: bob@peer.example, pgp: bob.asc}
anchors: [ca.crt]
identities:
  - {address: anna@alpha.example, certificate: rsa2048.crt, key: rsa2048.key}
  - {gateway: true, address: mail@alpha.example, pgpPrivate: gateway.asc}
`,
  )
})
afterAll(() => ca[Symbol.dispose]())

test('keys of a facts file come out of the keyring, opened', async () => {
  const { keyring, keys } = await openFacts(file, options)
  expect(keys.map(({ kind, use }) => `${kind} ${use}`)).toEqual(['pgp peer', 'anchor peer', 'smime own', 'pgp gateway'])
  const identity = await keyring.smimeIdentity(tenant, 'anna@alpha.example', now)
  expect(identity?.certificate.checkPrivateKey(identity.privateKey)).toBe(true)
  const pgp = await keyring.pgpIdentity(tenant, 'anna@alpha.example', now)
  expect(pgp?.gateway).toBe(true)
  expect(pgp?.armoredPublic).toContain('BEGIN PGP PUBLIC KEY BLOCK')
  expect(await keyring.pgpKey(tenant, 'bob@peer.example', now)).toMatchObject({ state: 'valid' })
  expect(await keyring.anchors(tenant)).toHaveLength(1)
  expect((await keyring.decryptionKeys(tenant, ['anna@alpha.example'])).smime).toHaveLength(1)
})

test('holders of a role come in order of precedence', async () => {
  const { directory } = await openFacts(file, options)
  expect(await directory.holders(tenant, 'ciso')).toEqual([
    'yan@alpha.example',
    'anna@alpha.example',
    'zoe@alpha.example',
  ])
  expect(await directory.person(tenant, 'anna@alpha.example')).toMatchObject({ user: true })
})

test('another tenant sees nothing of it', async () => {
  const { directory, keyring } = await openFacts(file, options)
  const other = tenantId('two')
  expect(await directory.person(other, 'anna@alpha.example')).toBeNull()
  expect(await directory.holders(other, 'ciso')).toEqual([])
  expect(await keyring.anchors(other)).toEqual([])
})

test('without a file nobody is known', async () => {
  const { people, keys, keyring } = await openFacts(null, options)
  expect([people, keys]).toEqual([[], []])
  expect(await keyring.certificate(tenant, 'bob@peer.example', now)).toMatchObject({ state: 'none' })
})

test('a private key that is no key is named', async () => {
  writeFileSync(ca.path('broken.yaml'), `identities: [{gateway: true, pgpPrivate: bob.asc}]`)
  await expect(openFacts(ca.path('broken.yaml'), options)).rejects.toMatchObject({ code: 'key-unusable' })
})
