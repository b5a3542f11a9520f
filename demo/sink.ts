/**
 * The world around the demo: a mail server that keeps what it gets as .eml files in mailboxes, a telephone that takes text
 * messages, a security team's webhook. A small web page shows all three; `/world.json` says the same to the simulator.
 */
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { SMTPServer } from 'smtp-server'
import { escapeHtml } from '../shared/words/html.ts'

export interface Delivered {
  readonly address: string
  readonly file: string
  readonly from: string
  /** ISO 8601. */
  readonly at: string
}

export interface Sink {
  /** Calls back for each mail, once per recipient. */
  readonly delivered: readonly Delivered[]
  readonly texts: readonly { readonly to: string; readonly text: string; readonly at: string }[]
  readonly calls: readonly {
    readonly path: string
    readonly headers: Record<string, unknown>
    readonly body: unknown
    readonly at: string
  }[]
  readonly url: string
  readonly smtpPort: number
  close(): Promise<void>
}

export async function openSink(options: { directory: string; smtpPort: number; httpPort: number }): Promise<Sink> {
  const { directory } = options
  mkdirSync(directory, { recursive: true })
  const delivered: Delivered[] = []
  const texts: { to: string; text: string; at: string }[] = []
  const calls: { path: string; headers: Record<string, unknown>; body: unknown; at: string }[] = []
  let number = 0

  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    hideDSN: false,
    hideENHANCEDSTATUSCODES: false,
    logger: false,
    onData(stream, session, callback) {
      const name = `${String(++number).padStart(4, '0')}.eml`
      const incoming = join(directory, `.${name}`)
      const store = async () => {
        await pipeline(stream, createWriteStream(incoming))
        const from = session.envelope.mailFrom === false ? '' : (session.envelope.mailFrom?.address ?? '')
        const recipients = session.envelope.rcptTo.map(({ address }) => address.toLowerCase())
        for (const [at, address] of recipients.entries()) {
          const mailbox = join(directory, address.replace(/[^a-z0-9@._+-]/g, '_'))
          mkdirSync(mailbox, { recursive: true })
          const file = join(mailbox, name)
          if (at === recipients.length - 1) renameSync(incoming, file)
          else writeFileSync(file, readFileSync(incoming))
          delivered.push({ address, file, from, at: new Date().toISOString() })
        }
      }
      store().then(
        () => callback(),
        (error: Error) => callback(error),
      )
    },
  })
  await new Promise<void>((resolve, reject) => {
    smtp.on('error', reject)
    smtp.listen(options.smtpPort, '127.0.0.1', resolve)
  })

  const web = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.statusCode = 500
      response.end(String(error))
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://sink').pathname
    if (request.method === 'POST') {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const raw = Buffer.concat(chunks).toString('utf8')
      const body: unknown = /json/.test(request.headers['content-type'] ?? '') ? JSON.parse(raw) : raw
      const at = new Date().toISOString()
      if (path === '/sms') {
        const { to, text } = body as { to: string; text: string }
        texts.push({ to, text, at })
      } else calls.push({ path, headers: request.headers, body, at })
      response.writeHead(204).end()
      return
    }
    response.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
    if (path === '/world.json') {
      const mails = delivered.map(({ address, file, from, at }) => ({ address, from, at, name: basename(file) }))
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ mails, texts, calls: calls.map(({ path, body, at }) => ({ path, body, at })) }))
      return
    }
    const raw = /^\/raw\/([^/]+)\/(\d{4}\.eml)$/.exec(path)
    if (raw) {
      const file = join(directory, decodeURIComponent(raw[1] ?? ''), raw[2] ?? '')
      if (!delivered.some((entry) => entry.file === file)) {
        response.writeHead(404).end()
        return
      }
      response.setHeader('Content-Type', 'message/rfc822')
      await pipeline(createReadStream(file), response)
      return
    }
    const [, mailbox, mail] = path.split('/').map(decodeURIComponent)
    if (
      mailbox &&
      mail &&
      /^\d{4}\.eml$/.test(mail) &&
      delivered.some((entry) => entry.file === join(directory, mailbox, mail))
    ) {
      response.setHeader('Content-Type', 'text/plain; charset=utf-8')
      // A page is no place for 100 MB: the file itself is on disk.
      response.end(readFileSync(join(directory, mailbox, mail)).subarray(0, 400_000))
      return
    }
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    response.end(page())
  }

  function page(): string {
    const boxes = existsSync(directory)
      ? readdirSync(directory)
          .filter((name) => !name.startsWith('.'))
          .sort()
      : []
    const list = boxes.map((box) => {
      const mails = readdirSync(join(directory, box)).sort()
      const rows = mails.map(
        (mail) =>
          `<li><a href="/${encodeURIComponent(box)}/${mail}">${escapeHtml(subjectOf(join(directory, box, mail)))}</a></li>`,
      )
      return `<h3>${escapeHtml(box)}</h3><ul>${rows.join('')}</ul>`
    })
    const phone = texts.map(
      ({ to, text, at }) => `<li><b>${escapeHtml(to)}</b> ${escapeHtml(text)} <small>${at}</small></li>`,
    )
    const hooks = calls.map(
      ({ path, body, at }) =>
        `<li><b>${escapeHtml(path)}</b> <small>${at}</small><pre>${escapeHtml(JSON.stringify(body, null, 2))}</pre></li>`,
    )
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Delivered</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}pre{overflow:auto;background:#8881;padding:.5rem}h3{margin:1rem 0 0}small{opacity:.7}</style></head><body>
<h1>What the demo delivered</h1><h2>Mailboxes</h2>${list.join('') || '<p>Nothing yet.</p>'}<h2>Text messages</h2><ul>${phone.join('') || '<li>None yet.</li>'}</ul><h2>Calls to the security team</h2><ul>${hooks.join('') || '<li>None yet.</li>'}</ul></body></html>`
  }

  await listening(web, options.httpPort)
  const address = web.address()
  const port = typeof address === 'object' && address ? address.port : options.httpPort
  const smtpAddress = smtp.server.address()
  return {
    delivered,
    texts,
    calls,
    url: `http://127.0.0.1:${port}/`,
    smtpPort: typeof smtpAddress === 'object' && smtpAddress ? smtpAddress.port : options.smtpPort,
    async close() {
      await Promise.all([
        new Promise<void>((resolve) => smtp.close(resolve)),
        new Promise((resolve) => web.close(resolve)),
      ])
    },
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
}

/** The Subject line of a stored mail, as it stands (encoded words decoded where they are simple). */
function subjectOf(file: string): string {
  const head = readFileSync(file).subarray(0, 65_536).toString('utf8')
  const subject = /^Subject:[ \t]*((?:.*(?:\r?\n[ \t].*)*))/im.exec(head)?.[1] ?? '(no subject)'
  return subject
    .replace(/\r?\n[ \t]+/g, ' ')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('utf8')
        : decodeURIComponent(text.replaceAll('_', ' ').replaceAll(/%/g, '%25').replaceAll('=', '%')),
    )
}
