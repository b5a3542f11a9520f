import type net from 'node:net'
import type tls from 'node:tls'
import { SMTPServer } from 'smtp-server'
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'

/**
 * smtp-server with two things changed, both by overriding methods its declarations publish; no source is patched and
 * the exact version is pinned:
 *
 * - `init` waits 100 ms before the greeting to catch early talkers. With one message per connection that wait, not the
 *   work, limits the rate (50 connections: 500 messages/s). Here the greeting goes out at once. A client that speaks
 *   before it is greeted is still refused: nothing is read before `connectionReady`.
 * - `send` puts an enhanced status code of its own in front of every text. Our texts bring the code of the fault
 *   catalogue along, so a text that begins with one is sent as it is.
 */
class PromptConnection extends SMTPConnection {
  override init(): void {
    this._setListeners(() => this.connectionReady())
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    const own = typeof data === 'string' && /^[245]\.\d{1,3}\.\d{1,3} /.test(data)
    super.send(code, data, own ? false : context)
  }
}

export class PromptServer extends SMTPServer {
  override connect(socket: net.Socket | tls.TLSSocket, socketOptions?: object | null): void {
    const connection = new PromptConnection(this, socket, socketOptions ?? null)
    this.connections.add(connection)
    connection.on('error', (error: Error) => this._onError(error))
    connection.on('connect', (info: unknown) => this.emit('connect', info))
    connection.init()
  }

  /** The open connection of a session. */
  connectionOf(sessionId: string): SMTPConnection | undefined {
    for (const connection of this.connections) if (connection.id === sessionId) return connection
    return undefined
  }
}
