import type { Address } from '../../server/platform/database/postgres/address.ts'

/** The address in a URL of the test's server. */
export function postgresAddress(url: string): Address {
  const { hostname, port, pathname, username } = new URL(url)
  return {
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: username,
    password: null,
    tls: 'none',
    ca: null,
  }
}
