import { lookup } from 'node:dns'
import { request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { isIP } from 'node:net'
import { Fault } from '../../shared/fault/index.ts'
import type { CrlSource } from '../ports/crl-source.ts'
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

function get(url: URL, known: boolean, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const ask = url.protocol === 'https:' ? secure : plain
    const call = ask(url, {
      headers: { 'user-agent': 'secflow', accept: 'application/pkix-crl', 'accept-encoding': 'identity' },
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...(known ? {} : { lookup: publicLookup(lookup) }),
    })
    call.on('error', reject)
    // A switch of protocols (101) is neither a response nor an error.
    call.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Fault('effect-refused', `${url.host} answered 101`))
    })
    call.once('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      if (response.statusCode !== 200) {
        const retry = (response.statusCode ?? 0) >= 500
        const code = retry ? 'effect-unreachable' : 'effect-refused'
        call.destroy(new Fault(code, `${url.host} answered ${response.statusCode}`))
        return
      }
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > LARGEST) call.destroy(new Fault('effect-refused', `${url.host} sends more than 8 MiB`))
      })
      response.on('error', reject)
      response.once('end', () => resolve(Buffer.concat(chunks)))
    })
    call.end()
  })
}
