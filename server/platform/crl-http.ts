import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import { Fault } from '../../shared/fault/index.ts'
import type { CrlSource } from '../ports/crl-source.ts'
import { boundedGet } from './bounded-get.ts'
import { isPublicAddress, publicLookup } from './public-address.ts'

const LARGEST = 8 * 1024 * 1024
const PATIENCE_MS = 20_000

/**
 * Lists over HTTP as authorities publish them (RFC 5280 4.2.1.13: they are signed and need no TLS). The address stands in a
 * stranger's certificate: only hosts of the public Internet are asked, on their usual ports, and those that the operator names;
 * no redirect is followed, no cookie or credential goes along.
 */
export function crlSource(hosts: readonly string[], { timeoutMs = PATIENCE_MS } = {}): CrlSource {
  return {
    async read(text) {
      const url = URL.canParse(text) ? new URL(text) : null
      const known = url !== null && hosts.includes(url.host)
      if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username || url.password)
        throw new Fault('effect-refused', 'not an address of http')
      if (!known && (url.port !== '' || (isIP(bare(url.hostname)) && !isPublicAddress(bare(url.hostname)))))
        throw new Fault('effect-refused', `${url.host} may not be asked`)
      try {
        return await get(url, known, timeoutMs)
      } catch (cause) {
        if (cause instanceof Fault) throw cause
        throw new Fault('effect-unreachable', `${url.host} did not answer`, { cause })
      }
    },
  }
}

const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, '')

async function get(url: URL, known: boolean, timeoutMs: number): Promise<Buffer> {
  const { status, body } = await boundedGet(url, {
    headers: { accept: 'application/pkix-crl' },
    timeoutMs,
    most: LARGEST,
    tooLarge: `${url.host} sends more than 8 MiB`,
    options: known ? {} : { lookup: publicLookup(lookup) },
  })
  if (status === 200) return body
  throw new Fault(status >= 500 ? 'effect-unreachable' : 'effect-refused', `${url.host} answered ${status}`)
}
