import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Fault } from '../../shared/fault/index.ts'
import { parseFacts, readFactsFile } from './facts-file.ts'

const pem = (label: string, body = 'AAAA') => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
const files: Record<string, string> = {
  'anna.pem': pem('CERTIFICATE'),
  'anna.key': pem('PRIVATE KEY'),
  'bob.asc': pem('PGP PUBLIC KEY BLOCK'),
  'ca.pem': pem('CERTIFICATE', 'ONE') + pem('CERTIFICATE', 'TWO'),
  'gateway.asc': pem('PGP PRIVATE KEY BLOCK'),
  'notes.txt': 'nothing',
}
const facts = (text: string) =>
  parseFacts(text, 'people.yaml', (path) => {
    const content = files[path]
    if (content === undefined) throw new Fault('config-missing', `cannot read ${path} (ENOENT)`)
    return content
  })
const mistakes = (text: string): string[] => {
  try {
    facts(text)
  } catch (error) {
    if (error instanceof Fault && error.code === 'config-invalid') return error.detail.split('\n')
    throw error
  }
  throw new Error('was accepted')
}

test('people and keys come out as they stand, addresses canonical', () => {
  const { people, keys } = facts(`
people:
  - address: Anna@ALPHA.example
    name: Anna Größe
    user: true
    department: Radiology
    role: ciso
    groups: [board]
    language: de
    country: DE
    phone: "+4915112345678"
    password: "$argon2id$v=19$m=19456,t=2,p=1$abc$def"
  - address: bob@peer.example
    pgp: bob.asc
    smime:
      - anna.pem
      - |
        ${pem('CERTIFICATE', 'INLINE').trim().replaceAll('\n', '\n        ')}
anchors: [ca.pem]
identities:
  - {address: anna@alpha.example, certificate: anna.pem, key: anna.key}
  - {gateway: true, pgpPrivate: gateway.asc}
`)
  expect(people).toEqual([
    {
      address: 'anna@alpha.example',
      name: 'Anna Größe',
      user: true,
      department: 'Radiology',
      location: null,
      role: 'ciso',
      groups: ['board'],
      country: 'DE',
      language: 'de',
      phone: '+4915112345678',
      portalAccount: false,
      lastContact: null,
      sendsAs: [],
      passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$abc$def',
    },
    expect.objectContaining({ address: 'bob@peer.example', user: false, phone: null, passwordHash: null }),
  ])
  expect(keys.map((key) => [key.kind, 'use' in key ? key.use : '-', 'address' in key ? key.address : '-'])).toEqual([
    ['smime', 'peer', 'bob@peer.example'],
    ['smime', 'peer', 'bob@peer.example'],
    ['pgp', 'peer', 'bob@peer.example'],
    ['anchor', '-', '-'],
    ['anchor', '-', '-'],
    ['smime', 'own', 'anna@alpha.example'],
    ['pgp', 'gateway', ''],
  ])
  expect(keys[1]).toMatchObject({ certificate: expect.stringContaining('INLINE') })
  expect(keys[4]).toEqual({ kind: 'anchor', certificate: pem('CERTIFICATE', 'TWO').trim() })
})

test('an empty file knows nobody', () => {
  expect(facts('')).toEqual({ people: [], keys: [] })
})

test('every mistake is named with its place', () => {
  expect(
    mistakes(`people:
  - address: nobody
    phone: 4915112345678
    colour: red
  - name: No Address
identities:
  - certificate: anna.pem
`),
  ).toEqual([
    'people.yaml:2:14: people.0.address: not a mail address',
    expect.stringMatching(/^people\.yaml:3:12: people\.0\.phone: /),
    expect.stringMatching(/^people\.yaml:2:5: people\.0: Unrecognized key: "colour"/),
    expect.stringMatching(/^people\.yaml:5:5: people\.1\.address: /),
    'people.yaml:7:5: identities.0: say whose it is: address, or gateway: true',
    'people.yaml:7:5: identities.0: certificate and key belong together',
  ])
  expect(
    mistakes(`people:
  - {address: a@x.example, smime: nowhere.pem}
  - {address: A@x.example, pgp: notes.txt}
`),
  ).toEqual([
    'people.yaml:2:35: people.0.smime: cannot read nowhere.pem (ENOENT)',
    'people.yaml:3:15: people.1.address: a@x.example is there twice',
    'people.yaml:3:33: people.1.pgp: notes.txt is neither PEM nor armor',
  ])
})

test('broken YAML is named with its place', () => {
  expect(mistakes('people: [\n')[0]).toMatch(/^people\.yaml:\d+:\d+: /)
  expect(mistakes('people: []\npeople: []\n')[0]).toMatch(/^people\.yaml:2:1: .*unique/)
  expect(mistakes('- a\n')[0]).toMatch(/^people\.yaml:1:1: /)
})

test('paths start from the folder of the file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'secflow-facts-'))
  writeFileSync(join(dir, 'ca.pem'), pem('CERTIFICATE'))
  writeFileSync(join(dir, 'people.yaml'), 'anchors: [ca.pem]')
  expect(readFactsFile(join(dir, 'people.yaml')).keys).toHaveLength(1)
  expect(() => readFactsFile(join(dir, 'nobody.yaml'))).toThrow('config-missing')
  rmSync(dir, { recursive: true })
})
