import { randomUUID } from 'node:crypto'
import type { Origin } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { composeMail, type NewAttachment } from '../mime/compose-mail.ts'
import { mayReplyTo, type OpenLink, record, refuse } from './links.ts'
import type { AcceptedMail, PortalServices } from './services.ts'

/**
 * Sends a recipient's answer to the original sender as a mail of its own; files are read while it is stored. It takes the same
 * way through the policy as any mail. Raises `forbidden` (the sender takes no replies) and the faults of the accept.
 */
export async function reply(
  services: PortalServices,
  link: OpenLink,
  answer: {
    readonly text: string
    readonly files: AsyncIterable<NewAttachment>
    readonly origin: Omit<Origin, 'authenticated' | 'identity'>
  },
): Promise<AcceptedMail> {
  const { tenant, grant, message } = link
  if (!mayReplyTo(link)) return refuse(services, link, new Fault('forbidden', 'this message takes no reply'))
  const from = grant.recipient
  const to = message.envelope.mailFrom
  let files = 0
  const accepted = await services.accept({
    tenant,
    envelope: {
      mailFrom: from,
      recipients: [{ address: to }],
      body: '8BITMIME',
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
      smtputf8: /[^\x00-\x7f]/.test(from + to),
      requireTls: false,
    },
    origin: { ...answer.origin, authenticated: 'token', identity: `grant ${grant.id}` },
    content: composeMail({
      from,
      to: [to],
      subject: /^(re|aw):/i.test(message.subject) ? message.subject : `Re: ${message.subject}`,
      date: services.clock.now(),
      messageId: `${randomUUID()}@${to.slice(to.lastIndexOf('@') + 1)}`,
      ...(message.rfcMessageId && { inReplyTo: message.rfcMessageId }),
      text: answer.text,
      attachments: counted(answer.files, () => files++),
    }),
  })
  await record(services, link, 'portal.replied', { reply: accepted.id, bytes: accepted.size, files })
  return accepted
}

async function* counted(files: AsyncIterable<NewAttachment>, count: () => void): AsyncGenerator<NewAttachment> {
  for await (const file of files) {
    count()
    yield file
  }
}
