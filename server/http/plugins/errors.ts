import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod'
import type { Problem } from '../../../shared/contract/index.ts'
import { Fault, type FaultCode, problem, toFault } from '../../../shared/fault/index.ts'
import { PolicyRefused } from '../../policies/refused.ts'
import type { Log } from '../../ports/log.ts'
import { findings } from '../findings.ts'
import { languageOf } from '../language.ts'
import type { App } from '../route.ts'

/** Every error and every unknown URL leaves as problem+json (RFC 9457); what a library said stays in our log. */
export function errors(app: App, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error)
    if (fault.definition.http >= 500)
      log.error('http.fault', {
        request: request.id,
        code: fault.code,
        route: request.routeOptions.url,
        error: fault.cause,
      })
    readOn(request, reply)
    // What counts requests says it better.
    const after = retryAfter(fault)
    if (after !== null && !reply.hasHeader('retry-after')) reply.header('retry-after', after)
    const body: Problem = {
      ...problem(fault, `urn:uuid:${request.id}`, languageOf(request)),
      ...violations(error),
      ...refusal(fault, request),
    }
    return reply.code(fault.definition.http).type('application/problem+json').send(JSON.stringify(body))
  })
  app.setNotFoundHandler((request, reply) => {
    const body = problem(new Fault('not-found'), `urn:uuid:${request.id}`, languageOf(request))
    return reply.code(404).type('application/problem+json').send(JSON.stringify(body))
  })
}

/** What is left of a refused body is read and thrown away up to this many bytes; above it the connection is closed. */
const READ_ON = 512 * 1_048_576

/**
 * A connection that is closed while the client still writes is reset, and the client never sees why: so the rest of the body
 * is read first. Raw sockets hold a chunk at a time.
 */
function readOn(request: FastifyRequest, reply: FastifyReply): void {
  const announced = Number(request.headers['content-length'])
  if (request.raw.complete || request.raw.destroyed || !(announced <= READ_ON)) return
  reply.removeHeader('connection')
  // A reader that stopped in the middle left its listener, and with it the stream does not flow.
  request.raw.removeAllListeners('readable')
  setImmediate(() => request.raw.resume())
}

/** Busy for a moment: 429 and 503. */
const BUSY_S = 5
/** Something is broken or away: somebody may be mending it. */
const BROKEN_S = 60

/**
 * When a machine may ask again, in seconds (RFC 9110 10.2.3); null where the same request would be answered the same, and where
 * it is the client that has to change something.
 */
function retryAfter({ definition: { http, retry } }: Fault): number | null {
  if (!retry || (http < 500 && http !== 429)) return null
  return http === 429 || http === 503 ? BUSY_S : BROKEN_S
}

const BY_FASTIFY_CODE: Readonly<Record<string, FaultCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_REQ_FILE_TOO_LARGE: 'payload-too-large',
  FST_FILES_LIMIT: 'payload-too-large',
  FST_PARTS_LIMIT: 'payload-too-large',
  FST_FIELDS_LIMIT: 'payload-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-unsupported',
}

const NO_JSON = new Set(['FST_ERR_CTP_INVALID_JSON_BODY', 'FST_ERR_CTP_EMPTY_JSON_BODY'])

/** The fault that an error of any origin means at this border. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error
  if (hasZodFastifySchemaValidationErrors(error))
    return new Fault('request-invalid', { en: 'see errors', de: 'siehe errors' })
  if (isResponseSerializationError(error)) return new Fault('internal', '', { cause: error.cause })
  const { code, statusCode } = error as Partial<FastifyError>
  const known = code ? BY_FASTIFY_CODE[code] : undefined
  if (known) return new Fault(known, '', { cause: error })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const words = code && NO_JSON.has(code) ? 'the body is not valid JSON' : ''
    return new Fault('request-invalid', words, { cause: error })
  }
  return toFault(error)
}

/** Findings about a policy that was not taken; enough of them to mend it. */
function refusal(fault: Fault, request: FastifyRequest): Pick<Problem, 'diagnostics'> {
  if (!(fault instanceof PolicyRefused)) return {}
  return { diagnostics: findings(fault.diagnostics.slice(0, 500), languageOf(request)) }
}

function violations(error: unknown): Pick<Problem, 'errors'> {
  if (!hasZodFastifySchemaValidationErrors(error)) return {}
  const where = (error as { validationContext?: string }).validationContext ?? 'body'
  return {
    errors: error.validation.slice(0, 50).map((issue) => ({
      pointer: where === 'body' ? issue.instancePath || '/' : `/${where}${issue.instancePath}`,
      detail: issue.message ?? 'not valid',
    })),
  }
}
