import { createHmac } from 'node:crypto'
import pino, { type DestinationStream, type Level } from 'pino'
import { Fault } from '../../shared/fault/index.ts'
import type { Log } from '../ports/log.ts'

export interface LogOptions {
  readonly level: Level | 'silent'
  /** Key of the address hashes: the same person has the same hash within one installation only. */
  readonly hashKey: Uint8Array
  /** Standard output when left out. */
  readonly destination?: DestinationStream
}

type Fields = Readonly<Record<string, unknown>>

const ADDRESS_FIELDS: ReadonlySet<string> = new Set([
  'from',
  'to',
  'cc',
  'address',
  'addresses',
  'recipient',
  'recipients',
  'sender',
  'mailFrom',
  'phone',
])
/** Bounded on both sides, so that a hostile text costs time in proportion to its length. */
const ADDRESS = /[^\s@<>()[\],;:"'=]{1,128}@[^\s@<>()[\],;:"']{1,255}/g
const LONGEST = 4_000
const DEPTH = 4

/**
 * JSON lines. `tenant` stands in each, `-` where there is none. At info and above, fields that name a person and whatever
 * looks like an address inside any other text become a short keyed hash; debug shows them.
 */
export function createLog(options: LogOptions): Log {
  const sink = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'event',
    },
    ...(options.destination ? [options.destination] : []),
  )
  const hash = (text: string) =>
    `#${createHmac('sha256', options.hashKey).update(text.toLowerCase()).digest('hex').slice(0, 12)}`

  function hidden(value: unknown, named: boolean, depth = DEPTH): unknown {
    if (typeof value === 'string') {
      if (named) return value === '' ? '' : hash(value)
      const shown = value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value
      return shown.includes('@') ? shown.replace(ADDRESS, hash) : shown
    }
    if (typeof value !== 'object' || value === null) return value
    if (depth === 0) return '…'
    if (Array.isArray(value)) return value.map((item) => hidden(item, named, depth - 1))
    const plain = value instanceof Error ? errorFields(value) : value
    return Object.fromEntries(
      Object.entries(plain).map(([key, item]) => [key, hidden(item, named || ADDRESS_FIELDS.has(key), depth - 1)]),
    )
  }

  function over(base: Fields): Log {
    const write = (level: 'info' | 'warn' | 'error') => (event: string, fields?: Fields) => {
      if (!sink.isLevelEnabled(level)) return
      sink[level](hidden({ ...base, ...fields }, false) as object, event)
    }
    return {
      child: (fields) => over({ ...base, ...fields }),
      debug(event, fields) {
        if (!sink.isLevelEnabled('debug')) return
        const all = Object.entries({ ...base, ...fields })
        sink.debug(Object.fromEntries(all.map(([key, v]) => [key, v instanceof Error ? errorFields(v) : v])), event)
      },
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    }
  }
  return over({ tenant: '-' })
}

/** What is worth keeping of an error; a cause below it once more. */
function errorFields(error: Error): Record<string, unknown> {
  return {
    name: error.name,
    ...(error instanceof Fault || 'code' in error ? { code: (error as { code: unknown }).code } : {}),
    message: error.message,
    stack: error.stack,
    ...(error.cause instanceof Error ? { cause: errorFields(error.cause) } : {}),
  }
}
