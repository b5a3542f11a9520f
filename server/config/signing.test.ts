import { generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { tenantSchema } from './tenant-schema.ts'

const pem = (pair: { privateKey: { export(options: { format: 'pem'; type: 'pkcs8' }): string | Buffer } }) =>
  pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const rsa = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }))
const short = pem(generateKeyPairSync('rsa', { modulusLength: 1024 }))
const ed = pem(generateKeyPairSync('ed25519'))
const ec = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }))

const read = (key: Record<string, unknown>) =>
  tenantSchema.safeParse({
    id: 'a',
    name: 'A',
    domains: ['a.example'],
    dkim: [{ domain: 'Müller.example', selector: 's1', ...key }],
  })

it('takes the algorithm from the key, and the domain as A-labels', () => {
  expect(read({ key: rsa }).data?.dkim).toMatchObject([{ algorithm: 'rsa-sha256', domain: 'xn--mller-kva.example' }])
  expect(read({ key: ed }).data?.dkim).toMatchObject([{ algorithm: 'ed25519-sha256' }])
})

it.each([
  ['no key', { key: '/etc/key.pem' }, 'not a private key'],
  ['a short key', { key: short }, 'less than 2048 bits'],
  ['a key of another kind', { key: ec }, 'neither an RSA nor an Ed25519 key'],
  ['an algorithm that is not the key’s', { key: ed, algorithm: 'rsa-sha256' }, 'the key is for ed25519-sha256'],
  ['fields without From', { key: rsa, headers: ['Subject'] }, 'From must be signed'],
  ['a selector that is none', { key: rsa, selector: 'a b' }, 'not a selector'],
])('refuses %s', (_what, key, words) => {
  expect(JSON.stringify(read(key).error?.issues)).toContain(words)
})
