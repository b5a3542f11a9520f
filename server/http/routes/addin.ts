import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  FILES,
  type Installation,
  iconFile,
  OUTLINE_ICON,
  PACKAGE_ICONS,
  type SendMode,
} from '../../../addin/manifest/addin.ts'
import { germanTexts, PACKAGE, unifiedManifest } from '../../../addin/manifest/write-json.ts'
import { xmlManifest } from '../../../addin/manifest/write-xml.ts'
import { writeZip } from '../../portal/zip.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { newNonce, packedFor, panePage, readPane } from '../pane-files.ts'
import type { Routes } from '../route.ts'

/** Where Outlook shows pages of add-ins in frames (there is no official list). */
const OUTLOOK = [
  'https://outlook.office.com',
  'https://outlook.office365.com',
  'https://outlook.cloud.microsoft',
  'https://*.officeapps.live.com',
  'https://outlook.live.com',
]
/** Office.js and the library that it loads itself. */
const OFFICE_JS = ['https://appsforoffice.microsoft.com', 'https://ajax.aspnetcdn.com']

const pagePolicy = (providers: readonly string[], nonce?: string) =>
  [
    "default-src 'none'",
    `script-src 'self' ${OFFICE_JS.join(' ')}`,
    `connect-src ${["'self'", ...providers].join(' ')}`,
    "img-src 'self'",
    `style-src 'self'${nonce === undefined ? '' : ` 'nonce-${nonce}'`}`,
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors 'self' ${OUTLOOK.join(' ')}`,
  ].join('; ')

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  png: 'image/png',
}
/** Pictures have to be cacheable or Outlook shows none; the others are asked for again and answered 304. */
const CACHE: Readonly<Record<string, string>> = {
  html: 'no-cache',
  js: 'public, max-age=300',
  png: 'public, max-age=86400',
}

/** Modes by the ending of their files' names. */
const VARIANTS: readonly (readonly [ending: string, mode: SendMode])[] = [
  ['', 'SoftBlock'],
  ['-block', 'Block'],
]

/** The Outlook add-in below `/addin`: manifests with the URLs of this installation, icons, launch events. Public: Outlook signs in nowhere. */
export const addinRoutes: Routes = (app, { config, clock, log }) => {
  const base = `${config.publicUrl.replace(/\/+$/, '')}/addin`
  const installation = (sendMode: SendMode): Installation => ({
    base,
    id: config.addin?.id ?? idOf(base),
    supportUrl: config.addin?.supportUrl ?? `${base}/help.html`,
    sendMode,
  })
  // The pane asks the providers for tokens itself.
  const providers = new Set(config.issuers.flatMap(({ issuer, addIn }) => (addIn ? [new URL(issuer).origin] : [])))
  const policy = pagePolicy([...providers])
  const files = readFiles()
  if (!files) {
    // Mail goes without it.
    log.error('addin.files-missing', { below: '/addin' })
    return
  }

  for (const [ending, mode] of VARIANTS) {
    const xml = xmlManifest(installation(mode))
    const unified = `${JSON.stringify(unifiedManifest(installation(mode)), null, 2)}\n`
    app.get(`/addin/manifest${ending}.xml`, (_request, reply) =>
      reply.header('cache-control', 'no-cache').type('application/xml; charset=utf-8').send(xml),
    )
    app.get(`/addin/manifest${ending}.json`, (_request, reply) =>
      reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8').send(unified),
    )
    app.get(`/addin/package${ending}.zip`, (_request, reply) => {
      const entries = [
        ['manifest.json', Buffer.from(unified)],
        [PACKAGE.german, Buffer.from(JSON.stringify(germanTexts(), null, 2))],
        [PACKAGE.color, files.get(iconFile(PACKAGE_ICONS.color))!.bytes],
        [PACKAGE.outline, files.get(OUTLINE_ICON)!.bytes],
      ] as const
      const zip = writeZip(
        entries.map(([name, bytes]) => ({ name, size: bytes.length, stream: () => bytesOf(bytes).stream() })),
        clock.now(),
      )
      return reply
        .header('cache-control', 'no-cache')
        .header('content-disposition', `attachment; filename="secflow-outlook${ending}.zip"`)
        .type('application/zip')
        .send(Readable.from(zip, { objectMode: false }))
    })
  }

  // Without a limit by address: a whole office asks from one, and the answers lie in memory.
  for (const [name, file] of files)
    app.get(`/addin/${name}`, { config: { rateLimit: false } }, (request, reply) => give(request, reply, file, policy))

  const pane = readPane()
  if (pane) {
    app.get('/addin/taskpane.html', { config: { rateLimit: false } }, (_request, reply) => {
      // Fluent makes its rules in the page: they carry a word that is good for this one answer.
      const nonce = newNonce()
      framed(reply, pagePolicy([...providers], nonce)).header('cache-control', 'no-cache')
      return reply.type(TYPES.html!).send(panePage(pane, nonce))
    })
    for (const [name, file] of pane.files)
      app.get(`/addin/pane/${name}`, { config: { rateLimit: false } }, (request, reply) => {
        const { coding, bytes } = packedFor(file, request.headers['accept-encoding'])
        if (coding) reply.header('content-encoding', coding)
        return reply
          .header('cache-control', 'public, max-age=31536000, immutable')
          .header('vary', 'accept-encoding')
          .header('cross-origin-resource-policy', 'cross-origin')
          .type(TYPES[file.kind]!)
          .send(bytes)
      })
  } else log.error('addin.pane-missing', { below: '/addin/pane' })

  // Classic Outlook lets the script of the events make requests only if this names it.
  app.get('/.well-known/microsoft-officeaddins-allowed.json', (_request, reply) =>
    reply.header('cross-origin-resource-policy', 'cross-origin').send({ allowed: [`${base}/${FILES.script}`] }),
  )
}

interface File {
  readonly bytes: Buffer
  readonly kind: string
  readonly etag: string
}

function give(request: FastifyRequest, reply: FastifyReply, { bytes, kind, etag }: File, policy: string): FastifyReply {
  reply
    .header('cache-control', CACHE[kind])
    .header('etag', etag)
    // Outlook on the web is another site.
    .header('cross-origin-resource-policy', 'cross-origin')
  if (kind === 'html') framed(reply, policy)
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  return reply.type(TYPES[kind]!).send(bytes)
}

/** For a page that Outlook shows in a frame. */
function framed(reply: FastifyReply, policy: string): FastifyReply {
  // The window that signs in comes back from another site and speaks to the pane that opened it.
  return (
    reply
      .removeHeader('x-frame-options')
      .removeHeader('cross-origin-opener-policy')
      .header('content-security-policy', policy)
      // Outlook on the web is another site.
      .header('cross-origin-resource-policy', 'cross-origin')
  )
}

/** Every file of `addin/public`, by its path in it: a few dozen kilobytes. null where they were not installed. */
function readFiles(): ReadonlyMap<string, File> | null {
  const folder = ['../../../addin/public', '../../../../addin/public']
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(join(path, FILES.script)))
  if (folder === undefined) return null
  const files = new Map<string, File>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const kind = name.slice(name.lastIndexOf('.') + 1)
    if (!TYPES[kind]) continue
    const bytes = readFileSync(join(folder, name))
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
    files.set(name.replaceAll('\\', '/'), { bytes, kind, etag })
  }
  return files
}

/** Namespace of URLs (RFC 9562 6.6). */
const URL_NAMESPACE = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')

/** The id of the add-in at this address, the same on every node and after every start: UUIDv5 (RFC 9562 5.5). */
function idOf(base: string): string {
  const bytes = createHash('sha1').update(URL_NAMESPACE).update(base).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
