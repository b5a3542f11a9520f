import type { TLSSocket } from 'node:tls'
import type { FastifyRequest } from 'fastify'
import type { Origin } from '../../shared/domain/index.ts'

/** Where a request came from, as the audit keeps it; a trusted proxy's word for TLS has no version. */
export function originOf(
  request: FastifyRequest,
  channel: 'api' | 'portal',
): Omit<Origin, 'authenticated' | 'identity'> {
  const socket = request.raw.socket as Partial<TLSSocket>
  return {
    channel,
    peer: request.ip,
    tls: socket.getProtocol?.() ?? (request.protocol === 'https' ? 'TLS' : null),
  }
}
