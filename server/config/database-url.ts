/** Where records are: `sqlite:<file>` or `postgres://user@host/database?sslmode=...`. */
import type { PostgresPlace } from '../ports/places.ts'

export interface SqliteDatabase {
  readonly kind: 'sqlite'
  readonly file: string
}

export interface PostgresDatabase extends PostgresPlace {
  readonly kind: 'postgres'
}

/** libpq's words. Its `prefer` and `allow` protect against nobody: not here. */
const MODES: Readonly<Record<string, PostgresDatabase['tls']>> = {
  disable: 'none',
  require: 'encrypted',
  'verify-ca': 'ca',
  'verify-full': 'full',
}
const LOCAL = new Set(['127.0.0.1', '::1', 'localhost'])
const OPTIONS = ['host', 'user', 'sslmode']

/**
 * Reads the URL; text says what is wrong with it. `host=/run/postgresql` and `user` are options where the URL names no host. Without `sslmode` the
 * connection is verified to the full, on this machine it is not encrypted.
 */
export function readDatabaseUrl(text: string): SqliteDatabase | PostgresDatabase | string {
  const file = /^sqlite:(?:\/\/)?(.+)$/s.exec(text)?.[1]
  if (file) return { kind: 'sqlite', file }
  const url = /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : null
  if (!url)
    return 'not `sqlite:` and a path, nor `postgres://user@host/database` (signs of a password as %40; or database.password)'
  const options = new Map(url.searchParams)
  const unknown = [...options.keys()].filter((name) => !OPTIONS.includes(name))
  if (unknown.length > 0) return `unknown option ${unknown.join(', ')}; there are ${OPTIONS.join(', ')}`
  const parts = [url.username, url.password, url.pathname.slice(1)].map(decoded)
  if (parts.includes(null)) return 'a % stands for nothing in it'
  const [username, password, database] = parts as [string, string, string]
  const host = url.hostname.replace(/^\[|\]$/g, '') || options.get('host') || ''
  const user = username || options.get('user') || ''
  const socket = host.startsWith('/')
  const mode = options.get('sslmode') ?? (socket || LOCAL.has(host) ? 'disable' : 'verify-full')
  const tls = MODES[mode]
  if (host === '') return 'names no host: postgres://user@host/database'
  if (user === '') return 'names no user: postgres://user@host/database'
  if (database === '' || database.includes('/')) return 'names no database: postgres://user@host/database'
  if (!tls) return `sslmode is one of ${Object.keys(MODES).join(', ')}`
  if (socket && tls !== 'none') return 'a Unix socket has no TLS: leave sslmode out'
  const port = url.port === '' ? 5432 : Number(url.port)
  return { kind: 'postgres', host, port, database, user, password: password || null, tls }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
