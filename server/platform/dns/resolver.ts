import { getServers } from 'node:dns'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Answer } from 'dns-packet'
import { Fault } from '../../../shared/fault/index.ts'
import type { DnsAnswer, MxRecord, Resolver, TlsaRecord } from '../../ports/dns.ts'
import { createCache } from './cache.ts'
import { exchange, plainName, type Question, type Response, type Server } from './exchange.ts'

export interface DnsOptions {
  /** `192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:53`; the system's own when left out. */
  readonly servers?: readonly string[]
  /** These servers validate DNSSEC, and nobody sits between them and us: their AD bit counts. */
  readonly validating?: boolean
  /** First wait for one server, ms; doubled in the second round. */
  readonly tryMs?: number
  /** A look-up takes at most so many ms. */
  readonly deadlineMs?: number
}

/** A stub of depth: aliases in one answer (RFC 1034 3.6.2 sets no bound, sane zones have two). */
const ALIASES = 16

/**
 * A stub resolver over configured servers, each asked in turn, twice; answers are kept as long as they say, one day at most.
 * Node's own gives no AD bit and so no DANE.
 */
export function createResolver(options: DnsOptions = {}): Resolver {
  const configured = (options.servers ?? []).length > 0
  const servers = (configured ? options.servers! : getServers()).map(readServer)
  const validating = configured && options.validating === true
  const tryMs = options.tryMs ?? 2_000
  const deadlineMs = options.deadlineMs ?? 15_000
  const cache = createCache<Response>({ entries: 20_000, ttl: lifetime })

  async function ask(question: Question): Promise<Response> {
    const key = `${question.type} ${plainName(question.name)}`
    return await cache.get(key, () => askAll(question))
  }

  async function askAll(question: Question): Promise<Response> {
    const deadline = performance.now() + deadlineMs
    let last: unknown = new Error('no name server is configured')
    for (const wait of [tryMs, 2 * tryMs]) {
      for (const server of servers) {
        const left = deadline - performance.now()
        if (left <= 0) break
        try {
          const response = await exchange(server, question, Math.min(wait, left))
          if (response.rcode === 'NOERROR' || response.rcode === 'NXDOMAIN') return response
          last = new Error(response.rcode)
        } catch (error) {
          last = error
        }
      }
    }
    const why = last instanceof Error ? last.message : ''
    throw new Fault('dns-unavailable', `${question.type} ${question.name}: ${why}`, { cause: last })
  }

  async function look<T>(name: string, type: Question['type'], value: (answer: Answer) => T[]): Promise<DnsAnswer<T>> {
    const asked = asciiName(name)
    if (asked === null) return { records: [], exists: false, secure: false, name }
    const { rcode, answers, authenticated } = await ask({ name: asked, type })
    const end = follow(asked, answers)
    return {
      records: answers
        .filter((answer) => answer.type === type && plainName(answer.name) === end)
        .flatMap((answer) => value(answer)),
      exists: rcode !== 'NXDOMAIN',
      secure: validating && authenticated,
      name: end,
    }
  }

  return {
    validating,
    mx: (name) => look(name, 'MX', mxOf),
    addresses: (name, family) => look(name, family === 4 ? 'A' : 'AAAA', addressOf),
    txt: (name) => look(name, 'TXT', textOf),
    ptr: (name) => look(name, 'PTR', pointerOf),
    tlsa: (name) => look(name, 'TLSA', tlsaOf),
  }
}

function mxOf(answer: Answer): MxRecord[] {
  if (answer.type !== 'MX') return []
  return [{ preference: answer.data.preference ?? 0, exchange: plainName(answer.data.exchange) }]
}

function addressOf(answer: Answer): string[] {
  return answer.type === 'A' || answer.type === 'AAAA' ? [answer.data] : []
}

function textOf(answer: Answer): string[] {
  if (answer.type !== 'TXT') return []
  const strings = Array.isArray(answer.data) ? answer.data : [answer.data]
  return [strings.map((one) => (typeof one === 'string' ? one : one.toString('utf8'))).join('')]
}

function pointerOf(answer: Answer): string[] {
  return answer.type === 'PTR' ? [plainName(answer.data)] : []
}

function tlsaOf(answer: Answer): TlsaRecord[] {
  if (answer.type !== 'TLSA') return []
  const { usage, selector, matchingType, certificate } = answer.data
  return [{ usage, selector, matchingType, data: certificate }]
}

/** The name that a chain of CNAMEs in the answer ends at. */
function follow(name: string, answers: readonly Answer[]): string {
  let at = plainName(name)
  for (let step = 0; step < ALIASES; step++) {
    const alias = answers.find((answer) => answer.type === 'CNAME' && plainName(answer.name) === at)
    if (alias?.type !== 'CNAME') return at
    at = plainName(alias.data)
  }
  return at
}

/** Seconds an answer is good for: its shortest TTL; that there is nothing, as long as the zone says (RFC 2308 5). */
function lifetime({ answers, authorities }: Response): number {
  const soa = authorities.find((one) => one.type === 'SOA')
  if (answers.length === 0) return soa?.type === 'SOA' ? Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0, 3_600) : 0
  return Math.min(86_400, ...answers.map((answer) => ('ttl' in answer ? (answer.ttl ?? 0) : 0)))
}

/** A-labels; null for what cannot be a name in the DNS (RFC 1035 2.3.4). Underscores are fine in look-ups. */
function asciiName(name: string): string | null {
  if (name === '.') return name
  const ascii = /^[\x21-\x7e]+$/.test(name) ? name : domainToASCII(name)
  const labels = ascii.replace(/\.$/, '').split('.')
  return ascii.length <= 254 && labels.every((label) => label.length > 0 && label.length <= 63)
    ? labels.join('.')
    : null
}

function readServer(text: string): Server {
  const parts = /^\[(.+)\]:(\d+)$/.exec(text) ?? /^([^:]+):(\d+)$/.exec(text)
  const address = parts ? parts[1]! : text.replace(/^\[(.+)\]$/, '$1')
  // A link-local address carries its zone: `fe80::1%eth0`.
  if (!isIP(address.replace(/%.*$/, '')))
    throw new Fault('config-invalid', `${text} is not the address of a name server`)
  return { address, port: parts ? Number(parts[2]) : 53 }
}
