import type { DnsAnswer, Resolver } from '../../ports/dns.ts'
import type { LookedUp } from './verify.ts'

type Records = string[] | string[][]

/**
 * Look-ups of one message, in the forms of `dns.promises.resolve`. All together take `ms` at most: what is asked later gets no
 * answer (`ETIMEOUT`), and its result is `temperror`.
 */
export function createLookUps(resolver: Resolver, ms: number): (name: string, type: string) => Promise<LookedUp> {
  const until = performance.now() + ms

  async function ask(name: string, type: string): Promise<Records> {
    switch (type) {
      case 'A':
      case 'AAAA':
        return found(await resolver.addresses(name, type === 'A' ? 4 : 6), (address) => address)
      case 'TXT':
        return found(await resolver.txt(name), (text) => [text]) as string[][]
      case 'MX':
        // mailauth reads the form of `dns.resolveMx` here, which its types leave out.
        return found(await resolver.mx(name), ({ preference, exchange }) => ({
          priority: preference,
          exchange,
        })) as unknown as Records
      case 'PTR':
        return found(await resolver.ptr(name), (host) => host)
      case 'CNAME': {
        const { name: end } = await resolver.addresses(name, 4)
        if (end !== name.toLowerCase().replace(/\.$/, '')) return [end]
        throw failure('ENODATA', name)
      }
      default:
        throw failure('ENODATA', name)
    }
  }

  return async (name, type) => {
    try {
      const left = until - performance.now()
      if (left <= 0) return { code: 'ETIMEOUT' }
      return { records: await within(left, ask(name, type), name) }
    } catch (error) {
      const code = (error as { code?: unknown }).code
      return { code: code === 'ENOTFOUND' || code === 'ENODATA' ? code : 'ETIMEOUT' }
    }
  }
}

function found<T, R>({ records, exists, name }: DnsAnswer<T>, form: (record: T) => R): R[] {
  if (records.length > 0) return records.map(form)
  throw failure(exists ? 'ENODATA' : 'ENOTFOUND', name)
}

async function within<T>(ms: number, work: Promise<T>, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(failure('ETIMEOUT', name)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const failure = (code: string, name: string): Error => Object.assign(new Error(`${code} ${name}`), { code })
