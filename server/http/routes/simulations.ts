import type { Readable } from 'node:stream'
import type { z } from 'zod'
import { Draft, Simulation } from '../../../shared/contract/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { explainText } from '../../../shared/policy/index.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { EnvelopeHeaders, envelopeOf, isWholeMail, readAhead } from '../envelope.ts'
import { languageOf } from '../language.ts'
import { originOf } from '../origin.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { type Identity, maySendAs } from '../services.ts'
import { verdictOf } from '../verdict.ts'

/** A simulated mail is held in memory. */
const MAX_MAIL = 64 * 1_048_576

/** `POST /api/v1/simulations`: a dry run of a whole mail or a draft. Who may read the policy may ask for any sender, others for themselves. */
export const simulationRoute: Routes = (app, services) => {
  app.addContentTypeParser('message/rfc822', (_request, payload, done) => done(null, payload))
  app.post(
    '/api/v1/simulations',
    {
      config: { access: ['policy:read', 'evaluate'], holdsBody: true },
      schema: {
        summary: 'What would happen to this mail, and why; nothing is delivered',
        description: 'Send a whole mail as message/rfc822 (at most 64 MB), or a draft as JSON.',
        operationId: 'simulate',
        tags: ['policies'],
        headers: EnvelopeHeaders,
        // Only the JSON form has a schema to check against: a streamed mail is no object.
        body: { content: { 'application/json': { schema: Draft } } },
        response: { 200: Simulation },
      },
    },
    async (request) => {
      const identity = caller(request)
      const language = languageOf(request)
      const origin = { ...originOf(request, 'api'), authenticated: 'token', identity: identity.subject } as const
      const mail = isWholeMail(request)
        ? { ...(await wholeMail(request.body as Readable, request.headers as z.infer<typeof EnvelopeHeaders>)), origin }
        : { draft: request.body as Draft }
      allow(identity, 'draft' in mail ? mail.draft.sender : mail.envelope.mailFrom)
      const { decision, explanation } = await services.simulate(identity.tenant, mail)
      return {
        delivered: false as const,
        ...verdictOf(decision, language),
        explanation: explainText(explanation, language),
      }
    },
  )
}

function allow(identity: Identity, sender: string): void {
  if (!identity.scopes.includes('policy:read') && !maySendAs(identity, sender))
    throw new Fault('sender-not-allowed', sender)
}

async function wholeMail(stream: Readable, headers: z.infer<typeof EnvelopeHeaders>) {
  const mail = await readAhead(stream)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of mail.content) {
    size += chunk.length
    if (size > MAX_MAIL) throw new Fault('payload-too-large')
    chunks.push(chunk)
  }
  const named = headers['x-envelope-to']?.split(',').map((address) => address.trim())
  return {
    source: bytesOf(Buffer.concat(chunks)),
    envelope: envelopeOf(headers['x-envelope-from'] ?? mail.from[0] ?? '', named ?? mail.recipients),
  }
}
