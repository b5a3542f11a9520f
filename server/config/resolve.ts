import { join, resolve } from 'node:path'
import type { Route } from '../ports/transport.ts'
import type { FileBlobs, S3Blobs } from './blobs-url.ts'
import type { PostgresDatabase, SqliteDatabase } from './database-url.ts'
import type { Problem } from './problem.ts'
import type { Settings } from './schema.ts'

type TenantSettings = Settings['tenants'][number]

export interface TenantConfig extends Omit<TenantSettings, 'policyDir' | 'routes' | 'people' | 'lists'> {
  /** Absolute. */
  readonly policyDir: string
  /** Facts file, absolute. */
  readonly people: string | null
  /** `directory` is absolute, null when lists come from no file. */
  readonly lists: Omit<TenantSettings['lists'], 'directory'> & { readonly directory: string | null }
  /** By name; '' is the default relay. */
  readonly routes: Readonly<Record<string, Route>>
}

export type DatabaseConfig = SqliteDatabase | (PostgresDatabase & PostgresAccess)

export interface PostgresAccess {
  /** PEM. */
  readonly ca: string | null
  readonly connections: number
}

/** `reserve` counts for the disk that spool files are on, whatever the store. */
export type BlobsConfig = (FileBlobs | (S3Blobs & S3Access)) & { readonly reserve: number }

export interface S3Access {
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  /** PEM. */
  readonly ca: string | null
}

/** What the server runs on: every path absolute, every default filled in, nothing left to look up. */
export interface Config extends Omit<Settings, 'http' | 'relay' | 'database' | 'blobs' | 'tenants' | 'policyDir'> {
  readonly http: Omit<Settings['http'], 'publicUrl'> & { readonly publicUrl: string }
  readonly relay: Route
  readonly database: DatabaseConfig
  readonly blobs: BlobsConfig
  readonly tenants: readonly TenantConfig[]
}

/** What depends on several settings. `base` is the folder that relative paths start from. */
export function resolveConfig(settings: Settings, base: string, problems: Problem[]): Config {
  const dataDir = resolve(base, settings.dataDir)
  const relay: Route = { name: '', ...settings.relay.url }
  const { host, port } = settings.http
  const publicHost = ['0.0.0.0', '::', '127.0.0.1', '::1'].includes(host) ? 'localhost' : host
  const wrong = (where: string, what: string, missing = false) => problems.push({ where, what, missing })

  const reportDomain = settings.delivery.tlsReports?.split('@')[1]?.toLowerCase()
  if (reportDomain !== undefined && !settings.tenants.some(({ domains }) => domains.includes(reportDomain)))
    wrong('delivery.tlsReports', `${reportDomain} is no tenant's domain`)
  if (settings.dns.validating && settings.dns.servers.length === 0)
    wrong('dns.servers', 'name the servers that validate', true)
  if (settings.tenants.length === 0 && !settings.demo) wrong('tenants', 'name at least one tenant', true)
  unique(
    settings.tenants.map((t) => t.id),
    (id) => wrong('tenants', `${id} is there twice`),
  )
  unique(
    settings.tenants.flatMap((t) => t.domains),
    (d) => wrong('tenants', `${d} belongs to two tenants, or twice to one`),
  )
  unique(
    settings.tenants.flatMap((t) => t.clients.map((c) => c.id)),
    (id) => wrong('tenants', `the client ${id} is there twice`),
  )
  unique(
    settings.tenants.flatMap((t) => t.issuers.map(({ issuer, audience }) => `${issuer} with the audience ${audience}`)),
    (issuer) => wrong('tenants', `the issuer ${issuer} is there twice`),
  )
  for (const [i, { issuers }] of settings.tenants.entries())
    if (issuers.filter(({ addIn }) => addIn).length > 1)
      wrong(`tenants.${i}.issuers`, 'the add-in signs in with one of them')
  unique(
    settings.tenants.flatMap((t) => t.clientCertificates.map((c) => c.fingerprint)),
    (print) => wrong('tenants', `the client certificate ${print} is there twice`),
  )

  const tenants = settings.tenants.map((tenant, i): TenantConfig => {
    const at = `tenants.${i}`
    const policyDir = tenant.policyDir ?? settings.policyDir
    if (policyDir === undefined) wrong(`${at}.policyDir`, 'name it here or at the top', true)
    for (const [name, archive] of Object.entries(tenant.archive)) {
      if (archive.kind === 'smtp' && archive.route !== '' && !(archive.route in tenant.routes)) {
        wrong(`${at}.archive.${name}.route`, `there is no route ${archive.route}`)
      }
    }
    for (const [pattern, name] of Object.entries(tenant.routeByDomain)) {
      if (name !== '' && !(name in tenant.routes)) wrong(`${at}.routeByDomain.${pattern}`, `there is no route ${name}`)
    }
    for (const name of tenant.loopRoutes)
      if (name !== '' && !(name in tenant.routes)) wrong(`${at}.loopRoutes`, `there is no route ${name}`)
    if (tenant.sms?.json !== undefined && tenant.sms.form !== undefined) wrong(`${at}.sms`, 'either json or form')
    if (tenant.policyTwoPersons && tenant.policyTrust.length === 0)
      wrong(`${at}.policyTrust`, 'policyTwoPersons needs to know who signed: name at least one key')
    unique(
      tenant.policyTrust.map(({ id }) => id),
      (id) => wrong(`${at}.policyTrust`, `${id} is there twice`),
    )
    return {
      ...tenant,
      policyDir: resolve(base, policyDir ?? '.'),
      lists: {
        ...tenant.lists,
        directory: tenant.lists.directory === undefined ? null : resolve(base, tenant.lists.directory),
      },
      people: tenant.people === undefined ? null : resolve(base, tenant.people),
      routes: {
        '': relay,
        ...Object.fromEntries(Object.entries(tenant.routes).map(([name, route]) => [name, { name, ...route }])),
      },
    }
  })

  const { policyDir: _, ...rest } = settings
  return {
    ...rest,
    dataDir,
    http: { ...settings.http, publicUrl: settings.http.publicUrl ?? `http://${publicHost}:${port}` },
    relay,
    database: databaseOf(settings.database, { base, dataDir, wrong }),
    blobs: blobsOf(settings.blobs, { base, dataDir, wrong }),
    tenants,
  }
}

function unique(values: readonly string[], twice: (value: string) => void): void {
  const seen = new Set<string>()
  for (const value of values) {
    if (seen.has(value)) twice(value)
    seen.add(value)
  }
}

/** The store of blobs with what only S3 needs; an id without its secret is a mistake, never a fallback to other credentials. */
function blobsOf(
  { url, reserve, accessKeyId, secretAccessKey, ca }: Settings['blobs'],
  { base, dataDir, wrong }: { base: string; dataDir: string; wrong(where: string, what: string): void },
): BlobsConfig {
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    wrong('blobs', 'accessKeyId and secretAccessKey go together')
  if (url?.kind !== 's3') return { kind: 'files', root: resolve(base, url?.root ?? join(dataDir, 'blobs')), reserve }
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined ? null : { accessKeyId, secretAccessKey }
  return { ...url, credentials, ca: ca ?? null, reserve }
}

/** The database with what only PostgreSQL needs; a password that no database asks for is a mistake in the URL. */
function databaseOf(
  { url, password, ca, connections }: Settings['database'],
  { base, dataDir, wrong }: { base: string; dataDir: string; wrong(where: string, what: string): void },
): DatabaseConfig {
  if (url?.kind === 'postgres') {
    if (password !== undefined && url.password !== null) wrong('database.password', 'is in database.url as well')
    if (ca !== undefined && (url.tls === 'none' || url.tls === 'encrypted'))
      wrong('database.ca', 'is asked by sslmode=verify-ca and verify-full only')
    return { ...url, password: password ?? url.password, ca: ca ?? null, connections }
  }
  if (password !== undefined) wrong('database.password', 'is for PostgreSQL: database.url names none')
  return { kind: 'sqlite', file: resolve(base, url?.file ?? join(dataDir, 'secflow.db')) }
}
