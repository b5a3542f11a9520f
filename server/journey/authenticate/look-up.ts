import { toFault } from '../../../shared/fault/index.ts'
import type { DnsAnswer, Resolver } from '../../ports/dns.ts'

type Records = string[] | string[][]

/** Look-ups of one message as mailauth makes them. */
export interface LookUps {
  /** Answers like `dns.promises.resolve`: raises an error with `ENOTFOUND`, `ENODATA` or, without an answer, `ETIMEOUT`. */
  resolve(name: string, type: string): Promise<Records>
  /** Whether nobody answered for this name; lower case. */
  unanswered(name: string): boolean
}

/** All look-ups of a message together take `ms` at most: what is asked later gets no answer, and its result is `temperror`. */
export function createLookUps(resolver: Resolver, ms: number): LookUps {
  const until = performance.now() + ms
  const unanswered = new Set<string>()

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

  return {
    async resolve(name, type) {
      try {
        const left = until - performance.now()
        if (left <= 0) throw failure('ETIMEOUT', name)
        return await within(left, ask(name, type), name)
      } catch (error) {
        const code = (error as { code?: unknown }).code
        if (code === 'ENOTFOUND' || code === 'ENODATA') throw error
        unanswered.add(name.toLowerCase())
        throw code === 'ETIMEOUT' ? error : failure('ETIMEOUT', toFault(error).code)
      }
    },
    unanswered: (name) => unanswered.has(name),
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
