import net from 'node:net'
import tls from 'node:tls'

/** A bare SMTP client for tests: sends exactly the bytes it is given and hands back whole replies. */
export interface SmtpClient {
  /** Next complete reply, lines joined by LF; rejects when the connection ends first. */
  reply(): Promise<string>
  /** Sends a line and waits for its reply. */
  say(line: string): Promise<string>
  write(bytes: string | Buffer): void
  startTls(options?: tls.ConnectionOptions): Promise<void>
  /** Resolves when the server has closed the connection. */
  readonly ended: Promise<void>
  end(): void
  destroy(): void
  reset(): void
}

export async function smtpClient(port: number, host = '127.0.0.1', localAddress = '127.0.0.1'): Promise<SmtpClient> {
  let socket: net.Socket = net.connect({ port, host, localAddress })
  let buffered = ''
  let lines: string[] = []
  const replies: string[] = []
  const waiting: { resolve: (reply: string) => void; reject: (error: Error) => void }[] = []
  let closed = false
  const { promise: ended, resolve: markEnded } = Promise.withResolvers<void>()

  function listen(on: net.Socket) {
    on.on('data', (data) => {
      buffered += data.toString('utf8')
      for (let at = buffered.indexOf('\r\n'); at >= 0; at = buffered.indexOf('\r\n')) {
        const line = buffered.slice(0, at)
        buffered = buffered.slice(at + 2)
        lines.push(line)
        if (line[3] === '-') continue
        const reply = lines.join('\n')
        lines = []
        const next = waiting.shift()
        if (next) next.resolve(reply)
        else replies.push(reply)
      }
    })
    on.on('error', () => {})
    on.on('close', () => {
      if (on !== socket) return
      closed = true
      markEnded()
      for (const { reject } of waiting.splice(0)) reject(new Error('the server closed the connection'))
    })
  }
  listen(socket)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })

  const client: SmtpClient = {
    reply() {
      const ready = replies.shift()
      if (ready !== undefined) return Promise.resolve(ready)
      if (closed) return Promise.reject(new Error('the server closed the connection'))
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    say(line) {
      socket.write(`${line}\r\n`)
      return client.reply()
    },
    write: (bytes) => void socket.write(bytes),
    async startTls(options = {}) {
      const plain = socket
      plain.removeAllListeners('data')
      const secure = tls.connect({ socket: plain, rejectUnauthorized: false, ...options })
      socket = secure
      listen(secure)
      await new Promise<void>((resolve, reject) => {
        secure.once('secureConnect', resolve)
        secure.once('error', reject)
      })
    },
    ended,
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    reset: () => void socket.resetAndDestroy(),
  }
  return client
}
