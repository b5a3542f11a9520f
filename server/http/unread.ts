/** Requests that reach no route and no plugin: what cannot be read as HTTP, and addresses that are none. They end as problems, too. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault, type FaultCode, problem } from '../../shared/fault/index.ts'

const HEADERS = { 'content-type': 'application/problem+json', 'x-content-type-options': 'nosniff' }

const BY_NODE_CODE: Readonly<Record<string, FaultCode>> = {
  HPE_HEADER_OVERFLOW: 'header-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'command-timeout',
}

/** A path that is none (RFC 3986 2.1), or a part of it that is longer than any name here. */
export function badAddress(_error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const fault = new Fault('request-invalid', 'no address of this service')
  void reply
    .code(fault.definition.http)
    .headers({ ...HEADERS, 'x-request-id': request.id })
    .send(JSON.stringify(problem(fault, `urn:uuid:${request.id}`)))
}

/** What Node.js could not read (`clientError`): the answer is written by hand, and the connection is of no more use. */
export function unreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code !== 'ECONNRESET' && socket.writable) socket.write(answerTo(error.code))
  socket.destroy(error)
}

function answerTo(code: string | undefined): string {
  const fault = new Fault((code ? BY_NODE_CODE[code] : undefined) ?? 'request-invalid', 'not readable as HTTP')
  const body = JSON.stringify(problem(fault))
  const { http } = fault.definition
  const fields = { ...HEADERS, 'content-length': Buffer.byteLength(body), connection: 'close' }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${http} ${STATUS_CODES[http]}`, ...lines, '', body].join('\r\n')
}
