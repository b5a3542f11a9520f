import { type IncomingHttpHeaders, request as plain } from 'node:http'
import { type RequestOptions, request as secure } from 'node:https'
import { Fault } from '../../shared/fault/index.ts'

export interface BoundedGet {
  readonly headers: Readonly<Record<string, string>>
  /** For all of it. */
  readonly timeoutMs: number
  /** Bytes of an answer; more is `effect-refused` with these words. */
  readonly most: number
  readonly tooLarge: string
  readonly options?: Pick<RequestOptions, 'lookup' | 'ca' | 'minVersion'>
}

export interface BoundedAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Of status 200; empty for every other, whose body is not read. */
  readonly body: Buffer
}

/**
 * One GET of http or https on a connection of its own: no redirect is followed, no cookie or credential goes along, and its answer is
 * held in memory. Raises `effect-refused`; what else goes wrong is the platform's error.
 */
export function boundedGet(
  url: URL,
  { headers, timeoutMs, most, tooLarge, options = {} }: BoundedGet,
): Promise<BoundedAnswer> {
  return new Promise((resolve, reject) => {
    const ask = url.protocol === 'https:' ? secure : plain
    const call = ask(url, {
      headers: { 'user-agent': 'secflow', 'accept-encoding': 'identity', ...headers },
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...options,
    })
    call.on('error', reject)
    // A switch of protocols (101) is neither a response nor an error.
    call.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Fault('effect-refused', `${url.host} answered 101`))
    })
    call.once('response', (response) => {
      const status = response.statusCode ?? 0
      if (status !== 200) {
        resolve({ status, headers: response.headers, body: Buffer.alloc(0) })
        call.destroy()
        return
      }
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > most) call.destroy(new Fault('effect-refused', tooLarge))
      })
      response.on('error', reject)
      response.once('end', () => resolve({ status, headers: response.headers, body: Buffer.concat(chunks) }))
    })
    call.end()
  })
}
