import { isIP } from 'node:net'
import { z } from 'zod'
import { tenantId } from '../../shared/domain/index.ts'
import { aLabel } from '../../shared/policy/text/domain.ts'
import { durationInSeconds, sizeInBytes } from '../../shared/policy/text/units.ts'
import type { Route } from '../ports/transport.ts'

/** Values of the configuration that are more than a string: what is written, what it becomes, what is wrong with it. */

type Refused = { addIssue(message: string): void }

function refuse(context: Refused, message: string): typeof z.NEVER {
  context.addIssue(message)
  return z.NEVER
}

/** Bytes: a number, or `200MB` (1 MB = 1024 KB). */
export const size = () =>
  z.union([z.int().nonnegative(), z.string()]).transform((value, context) => {
    const bytes = typeof value === 'number' ? value : sizeInBytes(value)
    return bytes ?? refuse(context, 'not a size such as 200MB')
  })

const YEAR_MS = 365.25 * 86_400_000

/** Milliseconds: written `30s`, `15m`, `12h`, `14d`, `2w` or `10y`. */
export const duration = () =>
  z.string().transform((text, context) => {
    const years = /^(\d{1,3})y$/.exec(text.trim())
    if (years) return Math.round(Number(years[1]) * YEAR_MS)
    const seconds = durationInSeconds(text)
    return seconds === null ? refuse(context, 'not a duration such as 14d') : seconds * 1000
  })

/** Domain as A-labels, lower case. */
export const domain = () => z.string().transform((text, context) => aLabel(text) ?? refuse(context, 'not a domain'))

/** A domain, `*.` and a domain for everything below it, or `*`. */
export const domainPattern = () =>
  z.string().transform((text, context) => {
    if (text === '*') return text
    const wild = text.startsWith('*.')
    const label = aLabel(wild ? text.slice(2) : text)
    if (!label) return refuse(context, 'not a domain, `*.domain` or `*`')
    return wild ? `*.${label}` : label
  })

export const tenantName = () =>
  z.string().transform((text, context) => {
    try {
      return tenantId(text)
    } catch {
      return refuse(context, 'not an id: lower-case letters, digits and hyphens, at most 63')
    }
  })

/** `192.0.2.0/24`, `2001:db8::/32` or one address. */
export const network = () =>
  z.string().refine((text) => {
    const [address = '', bits, ...rest] = text.split('/')
    const family = isIP(address)
    if (family === 0 || rest.length > 0) return false
    return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  }, 'not an address or a network such as 192.0.2.0/24')

/** Address of a name server, with or without a port. */
export const nameServer = () =>
  z.string().refine((text) => {
    const parts = /^\[(.+)\]:(\d{1,5})$/.exec(text) ?? /^([^:]+):(\d{1,5})$/.exec(text)
    const address = parts ? parts[1]! : text.replace(/^\[(.+)\]$/, '$1')
    return isIP(address.replace(/%.*$/, '')) !== 0 && (!parts || (Number(parts[2]) > 0 && Number(parts[2]) < 65_536))
  }, 'not the address of a name server such as 127.0.0.1 or [::1]:5353')

/** A URL of one of the schemes, without a trailing slash. */
export const url = (...schemes: readonly string[]) => exactUrl(...schemes).transform((text) => text.replace(/\/+$/, ''))

/** One that is compared or asked for as it is written: a slash at its end means something. */
export const exactUrl = (...schemes: readonly string[]) =>
  z.string().transform((text, context) => {
    const parsed = URL.canParse(text) ? new URL(text) : null
    return parsed && schemes.includes(parsed.protocol.slice(0, -1))
      ? text
      : refuse(context, `not a URL of ${schemes.join(' or ')}`)
  })

/** 32 random bytes as 64 hexadecimal digits or in base64. */
export const masterSecret = () =>
  z.string().transform((text, context) => {
    const trimmed = text.trim()
    const bytes = /^[0-9a-f]{64}$/i.test(trimmed)
      ? Buffer.from(trimmed, 'hex')
      : /^[A-Za-z0-9+/]{43}=?$/.test(trimmed)
        ? Buffer.from(trimmed, 'base64')
        : null
    if (bytes?.length !== 32)
      return refuse(context, 'not 32 bytes in base64 or hex (make some: openssl rand -base64 32)')
    if (new Set(bytes).size < 12) return refuse(context, 'not random (make some: openssl rand -base64 32)')
    return bytes
  })

/** A Standard Webhooks secret (`whsec_` and base64) or at least 16 characters of one's own. */
export const sharedSecret = () => z.string().min(16, 'too short: at least 16 characters')

const TLS = ['none', 'opportunistic', 'required', 'verified'] as const

/**
 * A next hop: `smtp://host:25`, `smtps://user:password@host`, or `mx:` for the mail servers of the recipient's domain. Options:
 * `tls` (none, opportunistic, required, verified), `connections` (to each host), and for further hosts `with=host:port` (shares
 * the load) and `then=host:port` (when those before it fail; each one a step further). Becomes a Route without its name.
 */
export const route = () =>
  z.string().transform((text, context): Omit<Route, 'name'> => {
    const parsed = URL.canParse(text) ? new URL(text) : null
    const implicit = parsed?.protocol === 'smtps:'
    const mx = parsed?.protocol === 'mx:'
    if (!parsed || !(implicit || mx || parsed.protocol === 'smtp:') || Boolean(parsed.hostname) === mx)
      return refuse(context, 'not a URL of smtp or smtps, or mx:')
    const options = parsed.searchParams
    const tls = options.get('tls') ?? 'opportunistic'
    const connections = Number(options.get('connections') ?? 10)
    const known = mx ? ['tls', 'connections'] : ['tls', 'connections', 'with', 'then']
    const unknown = [...new Set(options.keys())].filter((key) => !known.includes(key))
    if (unknown.length > 0) return refuse(context, `unknown option ${unknown.join(', ')}`)
    if (!TLS.some((level) => level === tls)) return refuse(context, `tls is one of ${TLS.join(', ')}`)
    if (implicit && options.has('tls')) return refuse(context, 'smtps is TLS from the start: no tls option')
    if (!Number.isInteger(connections) || connections < 1 || connections > 1000) {
      return refuse(context, 'connections is a number from 1 to 1000')
    }
    const port = implicit ? 465 : 25
    const others: { host: string; port: number; preference: number }[] = []
    let preference = 0
    for (const [key, value] of options) {
      if (key !== 'with' && key !== 'then') continue
      const host = URL.canParse(`smtp://${value}`) ? new URL(`smtp://${value}`) : null
      if (!host?.hostname || `${host.username}${host.pathname}${host.search}`.replace(/^\/$/, '') !== '')
        return refuse(context, `${key} is a host, or host:port`)
      if (key === 'then') preference++
      others.push({ host: bare(host.hostname), port: host.port === '' ? port : Number(host.port), preference })
    }
    return {
      host: bare(parsed.hostname),
      port: parsed.port === '' ? port : Number(parsed.port),
      tls: implicit ? 'implicit' : (tls as Route['tls']),
      connections,
      ...(mx ? { mx } : {}),
      ...(others.length > 0 ? { others } : {}),
      ...(parsed.username
        ? { auth: { user: decodeURIComponent(parsed.username), password: decodeURIComponent(parsed.password) } }
        : {}),
    }
  })

/** IPv6 addresses stand in brackets in URLs only. */
function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '')
}
