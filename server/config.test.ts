// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${file:...} is our own syntax for references
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Fault } from '../shared/fault/index.ts'
import type { SchemaNode } from './config/environment.ts'
import { configSchema, loadConfig } from './config.ts'

let dir: string
const master = randomBytes(32).toString('base64')
const minimal = `secrets: {master: "${master}"}\ntenants: [{id: alpha, name: Alpha, domains: [Alpha.example], policyDir: policies}]\n`

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'secflow-config-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function load(yaml: string | null, env: Record<string, string> = {}) {
  if (yaml !== null) writeFileSync(join(dir, 'secflow.yaml'), yaml)
  return loadConfig({ env, cwd: dir })
}

function wrong(yaml: string | null, env: Record<string, string> = {}): { code: string; lines: string[] } {
  try {
    load(yaml, env)
  } catch (error) {
    if (error instanceof Fault) return { code: error.code, lines: error.detail.split('\n') }
    throw error
  }
  throw new Error('was accepted')
}

test('the defaults are those of the contract', () => {
  const config = load(minimal)
  expect(config).toMatchObject({
    dataDir: join(dir, 'data'),
    demo: false,
    http: { host: '127.0.0.1', port: 8080, publicUrl: 'http://localhost:8080' },
    admin: { host: '127.0.0.1', port: 8081 },
    smtp: { host: '127.0.0.1', port: 2525, maxSize: 200 * 1024 ** 2, tls: null },
    relay: { name: '', host: '127.0.0.1', port: 2526, tls: 'opportunistic', connections: 10 },
    database: { kind: 'sqlite', file: join(dir, 'data/secflow.db') },
    blobs: { kind: 'files', root: join(dir, 'data/blobs') },
  })
  expect(config.secrets.master.toString('base64')).toBe(master)
  expect(config.tenants[0]).toMatchObject({
    domains: ['alpha.example'],
    policyDir: join(dir, 'policies'),
    people: null,
    routes: { '': { port: 2526 } },
    fileLink: { expires: 14 * 86_400_000, access: 'link-code' },
  })
  expect(() => Object.assign(config.tenants[0]!.routes, { x: 1 })).toThrow(TypeError)
})

test('every variable of the contract works', () => {
  const config = load(minimal, {
    SECFLOW_HTTP_PORT: '1',
    SECFLOW_ADMIN_PORT: '2',
    SECFLOW_SMTP_PORT: '3',
    SECFLOW_RELAY_URL: 'smtps://u:p%40ss@relay.example?connections=3',
    SECFLOW_DATA_DIR: 'elsewhere',
    SECFLOW_DATABASE_URL: 'sqlite:other/x.db',
    SECFLOW_BLOBS_URL: 'file:/srv/blobs',
    SECFLOW_POLICY_DIR: 'p',
    SECFLOW_DEMO: '1',
  })
  expect(config).toMatchObject({
    http: { port: 1, publicUrl: 'http://localhost:1' },
    admin: { port: 2 },
    smtp: { port: 3 },
    relay: { host: 'relay.example', port: 465, tls: 'implicit', connections: 3, auth: { user: 'u', password: 'p@ss' } },
    dataDir: join(dir, 'elsewhere'),
    database: { file: join(dir, 'other/x.db') },
    blobs: { root: '/srv/blobs' },
    demo: true,
  })
})

test('everything can come from the environment', () => {
  const config = load(null, {
    SECFLOW_SECRETS_MASTER: master,
    SECFLOW_POLICY_DIR: 'p',
    SECFLOW_TENANTS: '[{id: alpha, name: Alpha, domains: [alpha.example]}]',
    SECFLOW_TENANTS_0_LANGUAGE: 'de',
    SECFLOW_TENANTS_0_FILE_LINK_EXPIRES: '2w',
    SECFLOW_SMTP_MAX_SIZE: '5MB',
    SECFLOW_HTTP_TRUST_PROXY: '[10.0.0.0/8]',
  })
  expect(config).toMatchObject({
    smtp: { maxSize: 5 * 1024 ** 2 },
    http: { trustProxy: ['10.0.0.0/8'] },
    tenants: [{ language: 'de', policyDir: join(dir, 'p'), fileLink: { expires: 14 * 86_400_000 } }],
  })
})

test('paths start from the folder of the file, those in variables from the working directory', () => {
  mkdirSync(join(dir, 'etc'))
  writeFileSync(join(dir, 'etc/secflow.yaml'), `database: {url: "sqlite:x.db"}\n${minimal}`)
  const env = { SECFLOW_BLOBS_URL: 'file:blobs', SECFLOW_DATA_DIR: 'var' }
  expect(loadConfig({ file: 'etc/secflow.yaml', env, cwd: dir })).toMatchObject({
    database: { file: join(dir, 'etc/x.db') },
    blobs: { root: join(dir, 'blobs') },
    dataDir: join(dir, 'var'),
    tenants: [{ policyDir: join(dir, 'etc/policies') }],
  })
})

test('secrets come from files, relative to the configuration', () => {
  writeFileSync(join(dir, 'master'), `${master}\n`)
  expect(load(minimal.replace(master, '${file:master}')).secrets.master).toHaveLength(32)
  expect(wrong(minimal.replace(master, '${file:nowhere}'))).toEqual({
    code: 'config-missing',
    lines: ['secrets.master: cannot read nowhere (ENOENT)'],
  })
})

describe('what is wrong is listed at once', () => {
  test('missing settings', () => {
    const { code, lines } = wrong('tenants: [{id: alpha}]')
    expect(code).toBe('config-missing')
    expect(lines).toEqual(['secrets: is missing', 'tenants.0.name: is missing', 'tenants.0.domains: is missing'])
    expect(wrong(`secrets: {master: "${master}"}`)).toEqual({
      code: 'config-missing',
      lines: ['tenants: name at least one tenant'],
    })
  })

  test('wrong and unknown ones, with their place', () => {
    const yaml = `
http: {port: 99999, prot: 1, trustProxy: [10.0.0.0/33]}
relay: {url: "http://x"}
smtp: {maxSize: lots}
secrets: {master: "${'A'.repeat(43)}="}
tenants:
  - id: Alpha!
    name: A
    domains: ["in valid"]
    routes: {out: "smtp://x?tls=maybe"}
    clients: [{id: erp, secretHash: plain, scopes: [everything]}]
`
    const { code, lines } = wrong(yaml, { SECFLOW_HTTP_PROT: '1', SECFLOW_TEST_SKIP_TOOLS: '1' })
    expect(code).toBe('config-invalid')
    for (const where of [
      'SECFLOW_HTTP_PROT: names no setting',
      'http.port: ',
      'http: Unrecognized key: "prot"',
      'relay.url: ',
      'http.trustProxy.0: ',
      'smtp.maxSize: ',
      'secrets.master: not random',
      'tenants.0.id: ',
      'tenants.0.domains.0: ',
      'tenants.0.routes.out: tls is one of',
      'tenants.0.clients.0.secretHash: ',
      'tenants.0.clients.0.scopes.0: ',
    ]) {
      expect(lines.filter((line) => line.startsWith(where))).toHaveLength(1)
    }
    expect(lines).toHaveLength(12)
  })

  test('what does not fit together', () => {
    const tenant = (id: string) =>
      `{id: ${id}, name: x, domains: [same.example], archive: {journal: {kind: smtp, to: j@x.example, route: nowhere}}}`
    const { lines } = wrong(`secrets: {master: "${master}"}\npolicyDir: p\ntenants: [${tenant('a')}, ${tenant('a')}]`)
    expect(lines).toEqual([
      'tenants: a is there twice',
      'tenants: same.example belongs to two tenants, or twice to one',
      'tenants.0.archive.journal.route: there is no route nowhere',
      'tenants.1.archive.journal.route: there is no route nowhere',
    ])
  })

  test('YAML that is none, twice the same key, a file that is not there', () => {
    expect(wrong('a: [').code).toBe('config-invalid')
    expect(wrong(`demo: true\ndemo: false\n`).lines[0]).toContain('unique')
    expect(() => loadConfig({ file: 'nowhere.yaml', env: {}, cwd: dir })).toThrow('config-missing')
  })
})

test('a secret never stands in what is said about it', () => {
  const secret = 'hunter2hunter2'
  const { lines } = wrong(`secrets: {master: ${secret}}\nsmtp: {tls: {cert: ${secret}, key: ${secret}}}\n`)
  expect(lines.join('\n')).not.toContain(secret)
})

test('each setting is described', () => {
  const bare: string[] = []
  const visit = (node: SchemaNode, at: string) => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (!child.description && child.const === undefined) bare.push(`${at}.${key}`)
      visit(child, `${at}.${key}`)
    }
    for (const child of [node.items, ...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])])
      if (child) visit(child, `${at}[]`)
    if (typeof node.additionalProperties === 'object') visit(node.additionalProperties, `${at}.*`)
  }
  visit(configSchema(), '')
  expect(bare).toEqual([])
})

test('an identity provider is told apart from one whose tokens would prove nothing', () => {
  const withIssuers = (...issuers: string[]) =>
    minimal.replace('policyDir: policies', `policyDir: policies, issuers: [${issuers.join(', ')}]`)
  const keycloak = 'issuer: https://login.example/r, jwksUri: https://login.example/r/certs'
  const directory = 'AAAAAAAA-2222-4333-8444-555555555555'
  const [entra] = load(withIssuers(`{directory: ${directory}, audience: api}`)).tenants[0]!.issuers
  expect(entra).toMatchObject({
    issuer: `https://login.microsoftonline.com/${directory.toLowerCase()}/v2.0`,
    jwksUri: `https://login.microsoftonline.com/${directory.toLowerCase()}/discovery/v2.0/keys`,
    scope: 'access_as_user',
  })
  const local = `{issuer: http://127.0.0.1:9/r, jwksUri: http://127.0.0.1:9/certs, audience: api}`
  expect(load(withIssuers(`{${keycloak}, audience: api}`, local)).tenants[0]!.issuers).toHaveLength(2)

  const slashes = '{issuer: https://login.example/o/mail/, jwksUri: https://login.example/o/mail/jwks/, audience: api}'
  expect(load(withIssuers(slashes)).tenants[0]!.issuers[0]).toMatchObject({
    issuer: 'https://login.example/o/mail/',
    jwksUri: 'https://login.example/o/mail/jwks/',
  })

  for (const [issuers, why] of [
    [['{audience: api}'], 'name issuer and jwksUri, or the directory of Entra'],
    [['{issuer: https://login.example, jwksUri: http://login.example/certs, audience: api}'], 'jwksUri: https:'],
    [[`{${keycloak}, audience: api, algorithms: [HS256]}`], 'algorithms'],
    [[`{${keycloak}, audience: outlook, addIn: {clientId: outlook, scope: openid}}`], 'name the scope'],
    [[`{${keycloak}, audience: api}`, `{${keycloak}, audience: api}`], 'is there twice'],
  ] as const)
    expect(wrong(withIssuers(...issuers)).lines.join(), why).toContain(why)
})
