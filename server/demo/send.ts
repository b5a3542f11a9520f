/** The demo's mail client: what a person of the demo wrote becomes MIME and goes into the gateway by SMTP, as Outlook would send it. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { Fault } from '../../shared/fault/index.ts'
import { composeMail } from '../mime/compose-mail.ts'
import { createSmtpTransport } from '../platform/smtp/transport.ts'
import { gathered } from '../ports/bytes.ts'
import { silentLog } from '../ports/log.ts'
import { signAsPeer } from './sign-as-peer.ts'
import { DEMO_DOMAIN, type DemoFiles } from './tenant.ts'

export interface WrittenMail {
  readonly from: string
  readonly to: readonly string[]
  readonly cc: readonly string[]
  readonly bcc: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  /** As the add-in stamped them. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly inReplyTo: string | null
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly content: Buffer }[]
}

export interface Submitted {
  /** Of the gateway; null when it refused everybody. */
  readonly id: string | null
  readonly messageId: string
  readonly recipients: readonly { readonly address: string; readonly reply: string }[]
}

/**
 * Submits a mail to the gateway on this machine, with AUTH where the writer is a user of the demo tenant; anybody else is a
 * stranger from outside, who signs where he has a certificate. Raises `forbidden` for an own address that is no user, and what the transport raises.
 */
export async function sendWritten(mail: WrittenMail, port: number, files: DemoFiles): Promise<Submitted> {
  const own = mail.from.endsWith(`@${DEMO_DOMAIN}`)
  const passwords = JSON.parse(await readFile(files.passwords, 'utf8')) as Record<string, string>
  const password = passwords[mail.from]
  if (own && password === undefined) throw new Fault('forbidden', 'no user of the demo')
  const messageId = `${randomUUID()}@${mail.from.slice(mail.from.lastIndexOf('@') + 1)}`
  const written = await gathered(composeMail({ ...parts(mail), messageId, date: Date.now() }))
  const content = own ? written : await signAsPeer(written, mail.from, files)
  const transport = createSmtpTransport({ name: 'outlook.demo.example', log: silentLog })
  try {
    const route = {
      name: 'submission',
      host: '127.0.0.1',
      port,
      tls: 'none',
      ...(password === undefined ? {} : { auth: { user: mail.from, password } }),
      connections: 1,
    } as const
    const addresses = [...new Set([...mail.to, ...mail.cc, ...mail.bcc])]
    const envelope = {
      mailFrom: mail.from,
      recipients: addresses.map((address) => ({ address })),
      body: '8BITMIME',
      smtputf8: false,
      requireTls: false,
    } as const
    const { recipients } = await transport.send(route, envelope, {
      size: content.length,
      stream: () => Readable.from([content]),
    })
    const replies = recipients.map(({ reply }, at) => ({ address: addresses[at] ?? '', reply }))
    const id = replies.map(({ reply }) => /accepted ([0-9a-f-]{36})/.exec(reply)?.[1]).find(Boolean) ?? null
    return { id, messageId, recipients: replies }
  } finally {
    await transport.close()
  }
}

function parts({ from, to, cc, subject, text, html, headers, inReplyTo, attachments }: WrittenMail) {
  return {
    from,
    to,
    cc,
    subject,
    text,
    ...(html === '' ? {} : { html }),
    ...(inReplyTo === null ? {} : { inReplyTo }),
    fields: headers,
    ...(attachments.length === 0
      ? {}
      : {
          attachments: attachments.map(({ name, type, content }) => ({
            name,
            mediaType: type,
            content: Readable.from([content]),
          })),
        }),
  }
}
