import helmet from '@fastify/helmet'
import type { HttpConfig } from '../config.ts'
import type { App } from '../route.ts'

/**
 * Headers for every answer. The content policy forbids everything but our own stylesheet, images, frames and forms; a route
 * that shows foreign content sets a stricter one. `same-origin` and not `no-referrer`, because browsers then send
 * `Origin: null` with forms (Fetch, 3.2) and the check against forged requests would refuse them.
 */
export async function securityHeaders(app: App, config: HttpConfig): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        'frame-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    frameguard: { action: 'deny' },
    strictTransportSecurity: config.publicUrl.startsWith('https:') && { maxAge: 31_536_000, includeSubDomains: false },
    crossOriginResourcePolicy: { policy: 'same-origin' },
  })
}
