/** Stands between a client and an S3 server and does what networks do. */
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { freePort } from './free-port.ts'

/** `lose`: carried out, but the answer never arrives. `damage`: one bit of the body is turned over. `stall`: taken and never answered. `break`: the answer ends after its first bytes. */
export type Trouble = 'lose' | 'damage' | 'stall' | 'break'

export interface S3Proxy {
  readonly endpoint: string
  /** Asked for each request. */
  trouble: (request: IncomingMessage) => Trouble | null
  /** `METHOD path?query` of each request. */
  readonly seen: string[]
  close(): void
}

/** With `tls` it speaks HTTPS. */
export async function startS3Proxy(targetPort: number, tls?: { cert: string; key: string }): Promise<S3Proxy> {
  const port = await freePort()
  const seen: string[] = []
  const forwarding: RequestListener = (incoming, answer) => {
    seen.push(`${incoming.method} ${incoming.url}`)
    const trouble = proxy.trouble(incoming)
    if (trouble === 'stall') return void incoming.resume()
    const { method, url: path, headers } = incoming
    // The host stands in the signature: it stays the proxy's.
    const forward = request({ port: targetPort, host: '127.0.0.1', method, path, headers }, (answered) => {
      if (trouble === 'lose') {
        answered.resume()
        answered.on('end', () => incoming.socket.destroy())
        return
      }
      answer.writeHead(answered.statusCode ?? 500, answered.headers)
      if (trouble !== 'break') return void answered.pipe(answer)
      answered.once('data', (chunk: Buffer) => answer.write(chunk, () => answer.destroy()))
    })
    forward.on('error', () => incoming.destroy())
    incoming.on('error', () => forward.destroy())
    let spoiled = false
    incoming.on('data', (chunk: Buffer) => {
      if (trouble === 'damage' && !spoiled) {
        spoiled = true
        chunk[0]! ^= 1
      }
      forward.write(chunk)
    })
    incoming.on('end', () => forward.end())
  }
  const server = tls ? createTlsServer(tls, forwarding) : createServer(forwarding)
  const proxy: S3Proxy = {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    trouble: () => null,
    seen,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return proxy
}
