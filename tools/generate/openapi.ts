import '@fastify/swagger'
import { createHttpApp } from '../../server/http/app.ts'
import { defaultLimits } from '../../server/http/config.ts'
import type { HttpServices } from '../../server/http/services.ts'
import { silentLog } from '../../server/ports/log.ts'

/** docs/api/openapi.json, from the routes themselves; no route is called, so nothing stands behind the services. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  const config = {
    publicUrl: 'http://127.0.0.1:8080',
    trustProxy: [],
    tokenSeed: new Uint8Array(32),
    issuers: [],
    limits: defaultLimits,
  }
  const app = await createHttpApp({ config, log: silentLog } as unknown as HttpServices)
  const content = `${JSON.stringify(app.swagger(), null, 2)}\n`
  await app.close()
  return [{ path: 'docs/api/openapi.json', content }]
}
