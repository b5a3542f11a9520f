import { html, page } from '../../portal/pages/html.ts'
import { stylesheetUrl } from '../../portal/pages/style.ts'
import type { Routes } from '../route.ts'

/** What the page shows of the document. */
interface Described {
  readonly info: { readonly title: string; readonly description?: string }
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly description?: string
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly { readonly name: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> }
  readonly responses?: Readonly<Record<string, unknown>>
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

/** `/openapi.json` and `/docs`, a page made from it. Public: they describe the interface, not the installation. */
export const docsRoutes: Routes = (app) => {
  const document = () => app.swagger() as unknown as Described
  app.get('/openapi.json', async () => document())
  app.get('/docs', async (_request, reply) => reply.type('text/html; charset=utf-8').send(docsPage(document())))
}

function docsPage({ info, paths }: Described): string {
  const operations = Object.entries(paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item?.[method]
      return operation ? [{ path, method, operation }] : []
    }),
  )
  return page({
    language: 'en',
    title: info.title,
    stylesheet: stylesheetUrl,
    body: html`<h1>${info.title}</h1>
      <p>${info.description ?? ''} The machine-readable form is <a href="/openapi.json">openapi.json</a>.</p>
      ${operations.map(
        ({ path, method, operation }) => html`<section class="card" aria-labelledby="${operation.operationId ?? path}">
          <h2 id="${operation.operationId ?? path}"><code>${method.toUpperCase()} ${path}</code></h2>
          <p><strong>${operation.summary ?? ''}</strong> ${operation.description ?? ''}</p>
          <dl>
            <dt>Needs</dt><dd>${needs(operation)}</dd>
            <dt>Takes</dt><dd>${takes(operation)}</dd>
            <dt>Answers</dt><dd>${Object.keys(operation.responses ?? {}).join(', ')}</dd>
          </dl>
        </section>`,
      )}`,
  })
}

function needs({ security }: Operation): string {
  if (!security) return 'nothing: public'
  const scopes = security.flatMap((scheme) => Object.values(scheme).flat())
  return scopes.length > 0 ? `a token with the scope ${scopes.join(' or ')}` : 'any token'
}

function takes({ parameters = [], requestBody }: Operation): string {
  const names = parameters.map(({ name }) => name)
  const bodies = requestBody ? Object.keys(requestBody.content) : []
  return [...names, ...bodies].join(', ') || 'nothing'
}
