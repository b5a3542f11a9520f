import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Accepted, Composition } from '../../../shared/contract/index.ts'
import type { Envelope, Origin } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { lookupAddress } from '../../../shared/words/address.ts'
import type { WrittenRecipient } from '../../../shared/words/given-numbers.ts'
import { composeMail } from '../../mime/compose-mail.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { EnvelopeHeaders, envelopeOf, isWholeMail, readAhead } from '../envelope.ts'
import { type Answer, BodyHash, idempotencyKey, once } from '../idempotency.ts'
import { originOf } from '../origin.ts'
import { caller } from '../plugins/auth.ts'
import { headerWithNumbers } from '../protection-header.ts'
import type { Routes } from '../route.ts'
import { type HttpServices, type Identity, maySendAs } from '../services.ts'

const SubmitHeaders = z.object({
  'idempotency-key': z
    .string()
    .optional()
    .describe('The same key and body is one mail, however often it is sent within seven days.'),
  'x-envelope-from': EnvelopeHeaders.shape['x-envelope-from'],
  'x-envelope-to': EnvelopeHeaders.shape['x-envelope-to'].describe(
    'message/rfc822: recipients, separated by commas; default are To, Cc and Bcc. Bcc fields are removed.',
  ),
})

/** `POST /api/v1/messages`: a mail, streamed as it is or composed from JSON. Answers 202 once it is durably stored. */
export const submitRoutes: Routes = (app, services) => {
  app.addContentTypeParser('message/rfc822', (_request, payload, done) => done(null, payload))
  app.post(
    '/api/v1/messages',
    {
      config: { access: ['messages:send'] },
      schema: {
        summary: 'Send a mail',
        description:
          'Send a whole mail as message/rfc822 (CRLF line ends, streamed, any size the installation takes), or JSON. ' +
          '202 says that it is durably stored; see the message for what became of it.',
        operationId: 'sendMessage',
        tags: ['mail'],
        headers: SubmitHeaders,
        // Only the JSON form has a schema to check against: a streamed mail is no object.
        body: { content: { 'application/json': { schema: Composition } } },
        response: { 202: Accepted },
      },
    },
    async (request, reply) => {
      const { body } = await submit(services, request)
      const accepted = Accepted.parse(JSON.parse(body))
      return reply.code(202).header('location', accepted.location).send(accepted)
    },
  )
}

async function submit(services: HttpServices, request: FastifyRequest): Promise<Answer> {
  const identity = caller(request)
  const headers = request.headers as z.infer<typeof SubmitHeaders>
  const raw = isWholeMail(request)
  const stream = raw ? (request.body as Readable) : null
  const hash = new BodyHash(raw ? [headers['x-envelope-from'], headers['x-envelope-to']] : request.body, stream)
  const prepare = () =>
    stream ? streamed(services, identity, headers, hash) : composed(services, identity, request.body as Composition)
  const key = idempotencyKey(request)
  if (key === null) return accept(await prepare())
  const store = services.store.tenant(identity.tenant)
  return once({ store, client: identity.subject, key, now: services.clock.now() }, hash, async (remember) =>
    accept(await prepare(), remember),
  )

  async function accept(mail: Mail, remember?: Parameters<Parameters<typeof once>[2]>[0]): Promise<Answer> {
    const origin: Origin = { ...originOf(request, 'api'), authenticated: 'token', identity: identity.subject }
    const accepted = await services.accept({
      tenant: identity.tenant,
      ...mail,
      origin,
      ...(remember && { alongside: (tx, { id, size }) => remember(tx, answerOf(id, size)) }),
    })
    return answerOf(accepted.id, accepted.size)
  }
}

const answerOf = (id: string, size: number): Answer => ({
  status: 202,
  body: JSON.stringify({ id, size, status: 'accepted', location: `/api/v1/messages/${id}` }),
})

interface Mail {
  readonly envelope: Envelope
  readonly content: AsyncIterable<Uint8Array>
}

async function streamed(
  { config }: HttpServices,
  identity: Identity,
  headers: z.infer<typeof SubmitHeaders>,
  hash: BodyHash,
): Promise<Mail> {
  const mail = await readAhead(hash.pass(config.limits.message))
  const mailFrom = headers['x-envelope-from'] ?? mail.from[0] ?? ''
  const named = headers['x-envelope-to']?.split(',').map((address) => address.trim())
  const envelope = envelopeOf(mailFrom, named ?? mail.recipients)
  // Both count: the reverse-path gets the reports, and From is whom the recipient believes.
  for (const address of [mailFrom, ...mail.from]) {
    if (!maySendAs(identity, address)) throw new Fault('sender-not-allowed', address)
  }
  if (mail.from.length === 0) throw new Fault('header-malformed', 'no From field')
  return { envelope, content: mail.content }
}

/** All recipients, each once for every number that was given for him. */
function numbered({ to, cc, bcc, phones }: Composition): readonly WrittenRecipient[] {
  const given = Map.groupBy(phones, ({ address }) => lookupAddress(address))
  const written = (visible: boolean) => (address: string) =>
    (given.get(lookupAddress(address)) ?? [undefined]).map((one) => ({ address, visible, phone: one?.phone }))
  return [...[...to, ...cc].flatMap(written(true)), ...bcc.flatMap(written(false))]
}

function composed({ clock }: HttpServices, identity: Identity, mail: Composition): Mail {
  const { from, to, cc, bcc, subject, text, html, attachments, classification, protection, reason } = mail
  if (!maySendAs(identity, from)) throw new Fault('sender-not-allowed', from)
  const wishes = headerWithNumbers(
    reason === undefined || protection.length > 0 ? protection : [{ token: 'plain', reason }],
    numbered(mail),
  )
  return {
    envelope: envelopeOf(from, [...to, ...cc, ...bcc]),
    content: composeMail({
      from,
      to,
      cc,
      subject,
      date: clock.now(),
      messageId: `${randomUUID()}@${from.slice(from.lastIndexOf('@') + 1)}`,
      text,
      ...(html === undefined ? {} : { html }),
      fields: [
        ...(classification ? [['X-Secflow-Classification', classification] as const] : []),
        ...(wishes ? [['X-Secflow-Protection', wishes] as const] : []),
      ],
      ...(attachments.length > 0 && {
        attachments: attachments.map(({ name, mediaType, contentBase64 }) => ({
          name,
          mediaType,
          content: bytesOf(Buffer.from(contentBase64, 'base64')).stream(),
        })),
      }),
    }),
  }
}
