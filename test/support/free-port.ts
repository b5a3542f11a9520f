import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections (IANA: from 49152, Linux: from 32768): none of those takes it meanwhile. */
const FIRST = 20_000
const END = 32_000
const TRIES = 100

/** A port of 127.0.0.1 that nobody listens on, for a process that is yet to be started. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FIRST, END)
    const server = createServer()
    const free = await Promise.race([
      once(server.listen(port, '127.0.0.1'), 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]).catch(() => false)
    if (!free) continue
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error(`no free port from ${FIRST} to ${END}`)
}
