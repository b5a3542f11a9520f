import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault, type FaultCode, toFault } from '../../../shared/fault/index.ts'
import { sendCode, verifyCode } from '../../portal/codes.ts'
import { archive, attachmentsOf, type Download, download, filesOf } from '../../portal/download.ts'
import { type Factor, nextFactor, type OpenLink, record, requireFactors, resolveLink } from '../../portal/links.ts'
import { frameDocument, frameSecurity } from '../../portal/pages/frame.ts'
import {
  codePage,
  donePage,
  errorPage,
  filesPage,
  landingPage,
  leftPage,
  messagePage,
  type Place,
} from '../../portal/pages/pages.ts'
import { icon, stylesheet } from '../../portal/pages/style.ts'
import { type PortalLanguage, portalWords } from '../../portal/pages/words.ts'
import { receipt } from '../../portal/receipt.ts'
import { reply as sendReply } from '../../portal/reply.ts'
import { endSession, prove, provedFactors, SESSION_MS, sessionCookie } from '../../portal/sessions.ts'
import { languageOf } from '../language.ts'
import { originOf } from '../origin.ts'
import { faultOf } from '../plugins/errors.ts'
import { sameSite } from '../plugins/same-site.ts'
import { readReplyForm } from '../portal-reply-form.ts'
import type { App, Routes } from '../route.ts'
import type { HttpServices } from '../services.ts'

const LANGUAGE_COOKIE = 'secflow-language'
const LINK = '/:tenant/:token'
const FACTORS: readonly Factor[] = ['code', 'sms']

interface LinkParams {
  readonly tenant: string
  readonly token: string
}

/**
 * The recipients' pages. Public: the link and the factors it asks for decide. No GET uses up anything, because mail scanners
 * follow links before people do.
 */
export const portalRoutes: Routes = async (app, services) => {
  await app.register(async (scope) => portal(scope, services), { prefix: '/portal' })
}

async function portal(app: App, services: HttpServices): Promise<void> {
  const { config } = services
  const secure = config.publicUrl.startsWith('https:')
  // Base64 makes three bytes four, and a line of 76 two longer; what is left is for the text and the headers.
  const uploadLimit = Math.floor(config.limits.message * 0.7)
  const codes = { rateLimit: { max: config.limits.codes, timeWindow: 60_000 } }
  sameSite(app, config)
  await app.register(multipart, {
    limits: { fileSize: uploadLimit, files: 50, fields: 10, fieldSize: 1_048_576, parts: 60 },
  })
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error)
    if (fault.definition.http >= 500)
      services.log.error('portal.fault', { request: request.id, code: fault.code, error: fault.cause })
    return show(reply, errorPage(placeOf(request, false), fault.code, request.id), fault.definition.http)
  })
  app.setNotFoundHandler((request, reply) =>
    show(reply, errorPage(placeOf(request, false), 'link-unknown', request.id), 404),
  )
  app.get('/style.css', async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('text/css; charset=utf-8')
      .send(stylesheet),
  )

  app.get('/icon.svg', async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(icon),
  )

  app.get(LINK, async (request, reply) => {
    const { link, proved, place } = await visit(request, reply)
    const next = nextFactor(link.grant.access, proved)
    await record(services, link, 'link.opened', { next })
    if (next) return show(reply, landingPage(place, link, next))
    return content(request, reply, link, place)
  })

  for (const factor of FACTORS) {
    app.get(`${LINK}/${factor}`, async (request, reply) => {
      const { link, proved, place } = await visit(request, reply)
      if (nextFactor(link.grant.access, proved) !== factor) return reply.redirect(place.base, 303)
      return show(reply, codePage({ ...place, here: `${place.base}/${factor}` }, link, factor, null))
    })
    app.post(`${LINK}/${factor}/send`, { config: codes }, async (request, reply) => {
      const { link, proved, place } = await visit(request, reply)
      return onCodePage(reply, place, link, factor, async () => {
        await sendCode(services, link, factor, proved, portalWords[place.language])
        return reply.redirect(`${place.base}/${factor}`, 303)
      })
    })
    app.post(`${LINK}/${factor}`, { config: codes }, async (request, reply) => {
      const { link, proved, place, token } = await visit(request, reply)
      const { code } = (request.body ?? {}) as { readonly code?: unknown }
      return onCodePage(reply, place, link, factor, async () => {
        await verifyCode(services, link, factor, proved, typeof code === 'string' ? code : '')
        reply.setCookie(sessionCookie(link, secure), await prove(services, link, token, [...proved, factor]), {
          path: '/',
          httpOnly: true,
          sameSite: 'lax',
          secure,
          maxAge: SESSION_MS / 1000,
        })
        return reply.redirect(place.base, 303)
      })
    })
  }

  app.get(`${LINK}/body`, async (request, reply) => {
    const { link, place } = await enter(request, reply)
    const { html, subject } = await services.openPortalMessage(link.tenant, link.grant)
    const { image } = portalWords[place.language]
    reply.headers(frameSecurity)
    return show(
      reply,
      await frameDocument({ language: place.language, title: subject || '-', html: html ?? '', imageWord: image }),
    )
  })

  for (const folder of ['files', 'attachments'] as const) {
    app.route({
      method: ['GET', 'HEAD'],
      url: `${LINK}/${folder}/:id`,
      handler: async (request, reply) => {
        const { link } = await enter(request, reply)
        const { id } = request.params as { readonly id: string }
        const files = folder === 'files' ? await filesOf(services, link) : (await messageOf(link)).attachments
        const answer = download(
          services,
          link,
          files.find((file) => file.id === id),
          request.headers,
        )
        reply.code(answer.status).headers(answer.headers)
        if (request.method === 'HEAD') return reply.send('')
        return reply.send(Readable.from(answer.stream(), { objectMode: false, highWaterMark: 262_144 }))
      },
    })
  }

  app.get(`${LINK}/files.zip`, { exposeHeadRoute: false }, async (request, reply) => {
    const { link } = await enter(request, reply)
    const answer = archive(services, link, await filesOf(services, link))
    if (!answer) throw new Fault('not-found')
    reply.code(answer.status).headers(answer.headers)
    return reply.send(Readable.from(answer.stream(), { objectMode: false, highWaterMark: 262_144 }))
  })

  app.post(`${LINK}/reply`, { bodyLimit: config.limits.message }, async (request, reply) => {
    const { link, place } = await enter(request, reply)
    const form = await readReplyForm(request.parts(), uploadLimit)
    if (form.empty) return content(request, reply, link, place, portalWords[place.language].replyEmpty)
    // What was not read of the uploads when a fault ends this is not waited for.
    reply.header('connection', 'close')
    await sendReply(services, link, { text: form.text, files: form.files, origin: originOf(request, 'portal') })
    return reply.redirect(`${place.base}/done`, 303)
  })
  app.get(`${LINK}/done`, async (request, reply) => {
    const { link, place } = await enter(request, reply)
    return show(reply, donePage({ ...place, here: `${place.base}/done` }, link))
  })
  app.post(`${LINK}/leave`, async (request, reply) => {
    const { link, place, token } = await visit(request, reply)
    await endSession(services, link, token)
    reply.clearCookie(sessionCookie(link, secure), { path: '/', secure })
    return show(reply, leftPage(place))
  })

  /** The link behind the request, and what this browser proved for it. */
  async function visit(request: FastifyRequest, reply: FastifyReply) {
    const { tenant, token: name } = request.params as LinkParams
    const chosen = chosenLanguage((request.query as { readonly lang?: unknown }).lang)
    if (chosen) reply.setCookie(LANGUAGE_COOKIE, chosen, { path: '/portal', sameSite: 'lax', secure, httpOnly: true })
    const link = await resolveLink(services, tenant, name)
    const token = request.cookies[sessionCookie(link, secure)]
    const proved = await provedFactors(services, link, token)
    return { link, proved, token, place: placeOf(request, proved.length > 0) }
  }

  /** The same, for those who proved everything; raises `factor-missing`. */
  async function enter(request: FastifyRequest, reply: FastifyReply) {
    const visited = await visit(request, reply)
    await requireFactors(services, visited.link, visited.proved)
    return visited
  }

  async function messageOf(link: OpenLink) {
    if (link.grant.kind !== 'message') return { mail: null, attachments: [] as Download[] }
    const mail = await services.openPortalMessage(link.tenant, link.grant)
    return { mail, attachments: attachmentsOf(mail.attachments) }
  }

  async function content(request: FastifyRequest, reply: FastifyReply, link: OpenLink, place: Place, fault?: string) {
    const files = await filesOf(services, link)
    const { mail, attachments } = await messageOf(link)
    const status = fault ? 400 : 200
    if (!mail) return show(reply, filesPage(place, link, files, fault), status)
    if (!fault) {
      await record(services, link, 'portal.read')
      await receipt(services, link)
    }
    const plain = (request.query as { readonly view?: unknown }).view === 'text'
    return show(reply, messagePage(place, link, { mail, attachments, files, plain, fault }), status)
  }

  /** Runs a step of the code entry; what the reader can mend is shown where they mend it. */
  async function onCodePage(
    reply: FastifyReply,
    place: Place,
    link: OpenLink,
    factor: Factor,
    step: () => Promise<FastifyReply>,
  ): Promise<FastifyReply> {
    try {
      return await step()
    } catch (error) {
      const fault = toFault(error)
      const mendable: readonly FaultCode[] = ['code-wrong', 'code-attempts-exhausted', 'rate-limited']
      if (!mendable.includes(fault.code)) throw error
      const here = { ...place, here: `${place.base}/${factor}` }
      return show(reply, codePage(here, link, factor, fault.code), fault.definition.http)
    }
  }

  function placeOf(request: FastifyRequest, signedIn: boolean): Place {
    const { tenant, token } = (request.params ?? {}) as Partial<LinkParams>
    const base = tenant && token ? `/portal/${encodeURIComponent(tenant)}/${encodeURIComponent(token)}` : ''
    const { lang } = (request.query ?? {}) as { readonly lang?: unknown }
    const language = chosenLanguage(lang) ?? chosenLanguage(request.cookies[LANGUAGE_COOKIE]) ?? languageOf(request)
    return { language, base, here: base, signedIn, uploadLimit }
  }
}

const chosenLanguage = (text: unknown): PortalLanguage | null => (text === 'de' || text === 'en' ? text : null)

function show(reply: FastifyReply, page: string, status = 200): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').send(page)
}
