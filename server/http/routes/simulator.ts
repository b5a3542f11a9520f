/**
 * The Outlook simulator below `/simulator`, in demo mode only: its window, the real Office.js, the add-in's pages with it, and
 * what a mail client and its correspondents need. Whoever reaches the port may write as any person of the demo.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { type MessageId, tenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { escapeHtml } from '../../../shared/words/html.ts'
import { officeFolder, officeScript, TRUST_PAGE, TRUST_SCRIPT, withLocalOffice } from '../../demo/office-js.ts'
import { type OpenedDelivery, openDelivered } from '../../demo/open-delivered.ts'
import { peerKeys } from '../../demo/peer-keys.ts'
import { SAMPLES } from '../../demo/samples.ts'
import { sendWritten } from '../../demo/send.ts'
import { type DemoFiles, PEERS, USERS } from '../../demo/tenant.ts'
import { readDelivered, readWorld } from '../../demo/world.ts'
import { sameSite } from '../plugins/same-site.ts'
import type { Routes } from '../route.ts'
import { typed } from '../typed.ts'

export interface SimulatorParts {
  readonly files: DemoFiles
  /** Where the demo's sink answers; '' where none runs. */
  readonly sink: string
  /** Port of the submission on this machine, once it listens. */
  smtpPort(): number | null
}

const WINDOW_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
const TRUST_POLICY = "default-src 'none'; script-src 'self'; frame-ancestors 'self'"
/** Of a stranger's mail: words and colours. */
const BODY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups; frame-ancestors 'self'"
const SCRIPT_POLICY = "default-src 'none'; script-src 'self'"

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}
const FREE = { config: { rateLimit: false } } as const
const PAGES = ['taskpane.html', 'launchevent.html'] as const
/** Bytes of a request: attachments of 64 MB in base64. */
const LONGEST = 96 * 1_048_576
const TENANT = tenantId('demo')

const Address = z.email().max(320)
const Written = z.object({
  from: Address,
  to: z.array(Address).max(1000),
  cc: z.array(Address).max(1000).default([]),
  bcc: z.array(Address).max(1000).default([]),
  subject: z.string().max(10_000),
  text: z.string().max(10_000_000),
  html: z.string().max(10_000_000).default(''),
  headers: z
    .array(z.tuple([z.string().regex(/^[\w-]{1,100}$/), z.string().max(2000)]))
    .max(50)
    .default([]),
  inReplyTo: z.string().max(998).nullable().default(null),
  attachments: z
    .array(z.object({ name: z.string().max(255), type: z.string().max(255), content: z.base64() }))
    .max(500)
    .default([]),
})
const Box = z.object({ address: Address, name: z.string().regex(/^\d{4}\.eml$/) })

/** The routes for one demo. Nothing is served where the window was not built or Office.js is not installed. */
export const simulatorRoutes =
  ({ files, sink, smtpPort }: SimulatorParts): Routes =>
  (instance, { config, store, log }) => {
    // It signs nobody in: a page of another site must not write in its visitor's name.
    sameSite(instance, config)
    const app = typed(instance)
    const window = windowFiles()
    const office = officeFolder()
    if (window === null || office === null) {
      log.error('simulator.files-missing', { window: window !== null, office: office !== null })
      return
    }

    app.get('/simulator', FREE, (_request, reply) => reply.redirect('/simulator/'))
    app.get('/simulator/', FREE, (_request, reply) => {
      reply.header('content-security-policy', WINDOW_POLICY)
      return give(reply, 'html', window.get('index.html'))
    })
    for (const [name, content] of window)
      app.get(`/simulator/${name}`, FREE, (_request, reply) => {
        const kind = name.slice(name.lastIndexOf('.') + 1)
        reply.header('content-security-policy', kind === 'js' ? SCRIPT_POLICY : WINDOW_POLICY)
        return give(reply, kind, content)
      })

    app.get('/simulator/office/AgaveErrorUX/index.html', FREE, (_request, reply) =>
      give(framed(reply, TRUST_POLICY), 'html', TRUST_PAGE),
    )
    app.get('/simulator/office/AgaveErrorUX/trust.js', FREE, (_request, reply) => give(reply, 'js', TRUST_SCRIPT))
    app.get(
      '/simulator/office/*',
      { ...FREE, schema: { hide: true, params: z.object({ '*': z.string() }) } },
      async (request, reply) => {
        const script = await officeScript(office, request.params['*'])
        if (!script) throw new Fault('not-found')
        return give(reply.header('cache-control', 'public, max-age=3600'), 'js', script)
      },
    )

    for (const name of PAGES)
      app.get(`/simulator/addin/${name}`, FREE, async (_request, reply) => {
        const page = await app.inject({ url: `/addin/${name}` })
        if (page.statusCode !== 200) throw new Fault('not-found')
        framed(reply, `${localPolicy(String(page.headers['content-security-policy']))}`)
        return give(reply, 'html', withLocalOffice(page.body, '/addin/'))
      })
    app.get('/simulator/probe.html', FREE, (_request, reply) => {
      framed(
        reply,
        "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'; frame-src 'self'; frame-ancestors 'self'",
      )
      return give(reply, 'html', withLocalOffice(PROBE, '/simulator/'))
    })

    app.get('/simulator/people', FREE, () => ({
      users: USERS.map(({ name, address, language }) => ({ name, address, language })),
      others: PEERS.map((peer) => ({ groups: [], ...peer, name: peer.name, address: peer.address })),
      samples: SAMPLES,
    }))

    app.post(
      '/simulator/send',
      { ...FREE, bodyLimit: LONGEST, schema: { hide: true, body: Written } },
      async (request) => {
        const port = smtpPort()
        if (port === null) throw new Fault('config-missing', 'SMTP does not listen here')
        const { attachments, ...mail } = request.body
        const content = attachments.map((one) => ({ ...one, content: Buffer.from(one.content, 'base64') }))
        return sendWritten({ ...mail, attachments: content }, port, files)
      },
    )

    app.get(
      '/simulator/messages/:id',
      { ...FREE, schema: { hide: true, params: z.object({ id: z.uuid() }) } },
      async (request) => {
        const recipients = await store.tenant(TENANT).read.recipients(request.params.id as MessageId)
        return {
          recipients: recipients.map(({ address, state, detail, receipt }) => ({
            address,
            state,
            detail,
            method: receipt?.method ?? null,
          })),
        }
      },
    )

    app.get('/simulator/mailboxes', FREE, async () => {
      const world = await readWorld(sink)
      // The list shows the demo's people, whoever else was written to.
      const shown = world.mails.filter(({ address }) => PEOPLE.has(address))
      const mails = await Promise.all(
        shown.map(async (mail) => ({ ...mail, ...brief(await open(mail.address, mail.name).catch(() => null)) })),
      )
      return { mails, texts: world.texts, calls: world.calls }
    })
    const box = { ...FREE, schema: { hide: true, params: Box } } as const
    app.get(
      '/simulator/mailboxes/:address/:name',
      box,
      async ({ params }) => (await open(params.address, params.name)).view,
    )
    app.get('/simulator/mailboxes/:address/:name/raw', box, async ({ params }, reply) => {
      const bytes = await readDelivered(sink, params.address, params.name)
      return download(reply, params.name, 'message/rfc822').send(bytes)
    })
    app.get('/simulator/mailboxes/:address/:name/body', box, async ({ params }, reply) => {
      const { view } = await open(params.address, params.name)
      framed(reply, BODY_POLICY)
      return give(reply, 'html', bodyPage(view.html, view.text ?? ''))
    })
    const file = z.object({ ...Box.shape, index: z.coerce.number().int().nonnegative() })
    app.get(
      '/simulator/mailboxes/:address/:name/files/:index',
      { ...FREE, schema: { hide: true, params: file } },
      async ({ params }, reply) => {
        const opened = await open(params.address, params.name)
        const facts = opened.view.attachments[params.index]
        const content = await opened.content(params.index)
        if (!facts || !content) throw new Fault('not-found')
        return download(reply, facts.name, 'application/octet-stream').send(content)
      },
    )

    /** Delivered mail never changes: what was opened once is kept, the last few hundred. */
    const opened = new Map<string, Promise<OpenedDelivery>>()
    let keys: ReturnType<typeof peerKeys> | null = null
    function open(address: string, name: string): Promise<OpenedDelivery> {
      const key = `${address}/${name}`
      const known = opened.get(key)
      if (known) return known
      keys ??= peerKeys(files)
      const opening = keys.then(async (keysOf) =>
        openDelivered(await readDelivered(sink, address, name), await keysOf(address)),
      )
      opening.catch(() => opened.delete(key))
      opened.set(key, opening)
      if (opened.size > OPENED_KEPT) opened.delete(opened.keys().next().value ?? '')
      return opening
    }
  }

const OPENED_KEPT = 200
const PEOPLE = new Set<string>([...USERS, ...PEERS].map(({ address }) => address))
const PROBE =
  '<!doctype html><html lang="en"><head><title>Probe</title><script src="https://appsforoffice.microsoft.com/lib/1/hosted/office.js"></script><script src="probe.js"></script></head><body></body></html>'

function brief(opened: OpenedDelivery | null) {
  if (!opened) return { subject: '', sender: null, method: null, date: null, preview: '' }
  const { subject, from, method, date, text } = opened.view
  return { subject, sender: from, method, date, preview: (text ?? '').replace(/\s+/g, ' ').slice(0, 120) }
}

/** `dist/simulator`, beside the sources' `dist` or in the compiled package's own: some hundred kilobytes, by name. */
function windowFiles(): ReadonlyMap<string, Buffer> | null {
  const candidates = ['../../../dist/simulator', '../../../simulator'].map((path) => join(import.meta.dirname, path))
  const folder = candidates.find((path) => existsSync(join(path, 'app.js')))
  if (folder === undefined) return null
  const names = readdirSync(folder).filter((name) => /^[a-z][a-z-]*\.(?:js|css|svg|html)$/.test(name))
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]))
}

/** The policy of an add-in's page, for a page whose Office.js is our own. */
function localPolicy(policy: string): string {
  const rules = policy.split(/;\s*/).filter((rule) => !/^(?:base-uri|frame-ancestors|frame-src)\b/.test(rule))
  const local = rules.map((rule) => rule.replaceAll(/\s+https:\/\/\S+/g, ''))
  return [...local, "base-uri 'self'", "frame-ancestors 'self'", "frame-src 'self'"].join('; ')
}

function framed(reply: FastifyReply, policy: string): FastifyReply {
  return reply.removeHeader('x-frame-options').header('content-security-policy', policy)
}

function give(reply: FastifyReply, kind: string, content: unknown): FastifyReply {
  if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-cache')
  return reply.type(TYPES[kind] ?? 'application/octet-stream').send(content)
}

function download(reply: FastifyReply, name: string, type: string): FastifyReply {
  const encoded = encodeURIComponent(name || 'file').replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  return reply
    .header('content-disposition', `attachment; filename*=UTF-8''${encoded}`)
    .header('x-content-type-options', 'nosniff')
    .type(type)
}

function bodyPage(html: string | null, text: string): string {
  const content = html ?? `<pre>${escapeHtml(text)}</pre>`
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Message</title><base target="_blank"><style>:root{color-scheme:light}body{font:15px/1.5 "Segoe UI",system-ui,sans-serif;margin:12px;overflow-wrap:anywhere;background:#fff;color:#242424}pre{font:inherit;white-space:pre-wrap;margin:0}img{max-width:100%}</style></head><body dir="auto">${content}</body></html>`
}
