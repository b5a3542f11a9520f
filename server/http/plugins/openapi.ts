import swagger from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { SCOPE_MEANINGS } from '../../../shared/contract/index.ts'
import type { App } from '../route.ts'

/** Collects the routes into one OpenAPI 3.1 document; routes with `schema.hide` (pages for people) stay out. */
export async function openapi(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Secflow API',
        version: '1',
        description: 'Errors are RFC 9457 problem details. Operations name the scope their caller needs.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          oauth: {
            type: 'oauth2',
            flows: {
              clientCredentials: {
                tokenUrl: '/oauth/token',
                scopes: SCOPE_MEANINGS,
              },
            },
          },
        },
      },
    },
    transform,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  })
}

type Transform = typeof jsonSchemaTransform
const MAIL = { schema: { type: 'string', description: 'A whole mail (RFC 5322).' } }

/** Adds what the provider's transform does not know: routes without a schema stay out, and a body by content type. */
const transform: Transform = (route) => {
  if (!route.schema) return { schema: { hide: true }, url: route.url }
  const json = contentOf(route.schema.body)?.['application/json']
  if (!json) return jsonSchemaTransform(route)
  const { schema, url } = jsonSchemaTransform({ ...route, schema: { ...route.schema, body: json.schema } })
  const body = { content: { 'message/rfc822': MAIL, 'application/json': { schema: schema?.body } } }
  return { schema: { ...schema, body }, url }
}

/**
 * The provider lists every schema twice, as read and as written; only what a route refers to is of use to a reader. In order
 * of name: the provider's is that in which modules were loaded, which differs between the gateway and the generator.
 */
function withoutUnused<T extends object>(document: T): T {
  const { components = {}, paths } = document as { components?: { schemas?: Record<string, unknown> }; paths?: unknown }
  const schemas = components.schemas ?? {}
  const used = new Set<string>()
  const follow = (part: unknown) => {
    for (const [, name] of JSON.stringify(part ?? {}).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name!)) continue
      used.add(name!)
      follow(schemas[name!])
    }
  }
  follow(paths)
  const kept = Object.entries(schemas).filter(([name]) => used.has(name))
  components.schemas = Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)))
  return document
}

function contentOf(body: unknown): Readonly<Record<string, { readonly schema: unknown }>> | undefined {
  return typeof body === 'object' && body !== null && 'content' in body
    ? (body.content as Readonly<Record<string, { readonly schema: unknown }>>)
    : undefined
}
