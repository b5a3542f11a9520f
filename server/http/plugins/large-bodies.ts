import { Fault } from '../../../shared/fault/index.ts'
import type { App } from '../route.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route holds its body in memory, and it may be a large one. */
    holdsBody?: boolean
  }
}

/** Bodies that say they are no larger are never counted. */
const SMALL = 1_048_576
const AT_ONCE = 2

/**
 * At most two large bodies are held at once in this process, else `rate-limited`: a simulation or a replay may wait, mail and
 * memory may not. A body has to arrive within `withinMs`, so that nobody keeps a place by dripping. Stands after `auth`: only
 * whom the route lets in takes a place.
 */
export function largeBodies(app: App, withinMs = 120_000): void {
  let held = 0
  app.addHook('preParsing', async (request, reply) => {
    if (!request.routeOptions.config.holdsBody) return
    const announced = request.headers['content-length']
    if (announced !== undefined && Number(announced) <= SMALL) return
    if (held >= AT_ONCE) {
      reply.header('retry-after', '10')
      throw new Fault('rate-limited', 'other large bodies are being worked on')
    }
    held++
    const late = setTimeout(() => request.raw.destroy(), withinMs)
    request.raw.once('end', () => clearTimeout(late))
    // Comes after every answer, and when the client is gone before it.
    reply.raw.once('close', () => {
      clearTimeout(late)
      held--
    })
  })
}
