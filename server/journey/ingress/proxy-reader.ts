import type { Socket } from 'node:net'
import { Fault } from '../../../shared/fault/index.ts'
import { type ProxyHeader, readProxyHeader } from './proxy-header.ts'

/**
 * Takes the PROXY header off a fresh socket and leaves everything behind it there, for SMTP or a TLS handshake. Rejects with
 * `proxy-header` when it is malformed or not complete within `deadlineMs` (of the whole header: single bytes gain no time),
 * with `connection-lost` when the socket ends first.
 */
export function takeProxyHeader(socket: Socket, deadlineMs: number): Promise<ProxyHeader> {
  const { promise, resolve, reject } = Promise.withResolvers<ProxyHeader>()
  let bytes = Buffer.alloc(0)

  function look(): void {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      bytes = Buffer.concat([bytes, chunk])
      try {
        const header = readProxyHeader(bytes)
        if (!header) continue
        const rest = bytes.subarray(header.length)
        stop()
        if (rest.length > 0) socket.unshift(rest)
        resolve(header)
      } catch (error) {
        fail(error as Error)
      }
      return
    }
  }
  function fail(error: Error): void {
    stop()
    reject(error)
  }
  const lost = (cause?: Error) => fail(new Fault('connection-lost', '', cause instanceof Error ? { cause } : undefined))
  const late = setTimeout(() => fail(new Fault('proxy-header', 'none in time')), deadlineMs)
  function stop(): void {
    clearTimeout(late)
    socket.off('readable', look)
    socket.off('error', lost)
    socket.off('close', lost)
    socket.off('end', lost)
  }
  socket.on('readable', look)
  socket.once('error', lost)
  socket.once('close', lost)
  socket.once('end', lost)
  return promise
}
