import net from 'node:net'
import tls from 'node:tls'

/** One transaction as it reached the server. */
export interface ReceivedMail {
  /** The MAIL and RCPT lines as they came. */
  readonly mail: string
  readonly rcpt: readonly string[]
  /** Accepted recipients. */
  readonly to: readonly string[]
  /** Content after dot-unstuffing. */
  readonly data: string
  readonly session: number
}

/** `drop` resets the connection; `hang` never answers. */
export type Answer = string | 'drop' | 'hang'

export interface Script {
  /** Extensions after the name in the EHLO answer. */
  extensions?: string[]
  greeting?: Answer
  /** Answers to a command line, and to `.` (end of data); undefined takes the default. */
  answer?:
    | ((line: string, about: { session: number; recipient?: string; data?: string }) => Answer | undefined)
    | undefined
  /** Resets the connection after so many bytes of content. */
  dropAfterBytes?: number
  /** Answers 552 after so many bytes of content, before its end. */
  refuseAfterBytes?: number
  tls?: { key: string; cert: string; minVersion?: tls.SecureVersion; maxVersion?: tls.SecureVersion }
  /** Sent in the clear together with the go-ahead for TLS. */
  beforeTls?: string
}

/**
 * A next hop that does as it is told, on a real socket: for every way a server can refuse, stall or vanish. `script` may be
 * changed while it runs.
 */
export async function startSmtpServer(script: Script = {}, at: { host?: string; port?: number } = {}) {
  const received: ReceivedMail[] = []
  const lines: string[] = []
  const sockets = new Set<net.Socket>()
  let sessions = 0
  let most = 0

  const server = net.createServer((plain) => {
    const session = ++sessions
    let socket: net.Socket = plain
    let buffered = Buffer.alloc(0)
    let inData = false
    let dataBytes = 0
    let chunk: { left: number; last: boolean } | null = null
    let chunks: Buffer[] = []
    let mail = ''
    let rcpt: string[] = []
    let to: string[] = []
    let hung = false
    let refused: Answer | undefined
    sockets.add(plain)
    most = Math.max(most, sockets.size)
    plain.on('close', () => sockets.delete(plain))
    plain.on('error', () => {})

    function say(answer: Answer): boolean {
      if (answer === 'drop') {
        plain.resetAndDestroy()
        return false
      }
      if (answer === 'hang') {
        hung = true
        return false
      }
      socket.write(`${answer}\r\n`)
      if (answer.startsWith('421')) socket.end()
      return true
    }

    function command(line: string): void {
      lines.push(line)
      const verb = line.split(/[ :]/)[0]!.toUpperCase()
      const recipient = /^RCPT TO:<([^>]*)>/i.exec(line)?.[1]
      const told = script.answer?.(line, { session, ...(recipient ? { recipient } : {}) })
      const positive = told === undefined || /^[23]/.test(told)
      if (verb === 'EHLO' && told === undefined) {
        const extensions = [
          ...(script.extensions ?? ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'DSN', 'ENHANCEDSTATUSCODES']),
        ]
        if (script.tls && socket === plain) extensions.push('STARTTLS')
        const all = ['hop.test', ...extensions]
        say(all.map((word, at) => `250${at < all.length - 1 ? '-' : ' '}${word}`).join('\r\n'))
        return
      }
      if (verb === 'STARTTLS' && script.tls && positive) {
        say(`220 2.0.0 Go${script.beforeTls ? `\r\n${script.beforeTls.trimEnd()}` : ''}`)
        const secure = new tls.TLSSocket(plain, { isServer: true, ...script.tls })
        plain.removeAllListeners('data')
        socket = secure
        secure.on('error', () => {})
        secure.on('data', feed)
        return
      }
      const bdat = /^BDAT (\d+)( LAST)?$/i.exec(line)
      if (bdat && (told === undefined || !positive)) {
        chunk = { left: Number(bdat[1]), last: bdat[2] !== undefined }
        refused = told
        return
      }
      if (verb === 'MAIL' && mail && told === undefined) {
        say('503 5.5.1 nested MAIL')
        return
      }
      if (told === undefined && ((verb === 'RCPT' && !mail) || verb === 'STARTTLS')) {
        say('503 5.5.1 not now')
        return
      }
      if (verb === 'MAIL' && positive) [mail, rcpt, to] = [line, [], []]
      if (verb === 'RSET') [mail, rcpt, to] = ['', [], []]
      if (verb === 'RCPT') {
        rcpt.push(line)
        if (positive && recipient) to.push(recipient)
      }
      if (verb === 'DATA' && told === undefined && to.length === 0) {
        say('503 5.5.1 no recipients')
        return
      }
      const standard =
        { DATA: '354 Go ahead', QUIT: '221 2.0.0 Bye', AUTH: '235 2.7.0 Welcome' }[verb] ?? '250 2.0.0 Ok'
      if (!say(told ?? standard)) return
      if (verb === 'DATA' && positive) [inData, dataBytes] = [true, 0]
      if (verb === 'QUIT') socket.end()
    }

    function finish(data: string): boolean {
      const told = script.answer?.('.', { session, data }) ?? '250 2.0.0 Ok: queued as 42'
      if (told.startsWith('2') || told === 'drop' || told === 'hang') received.push({ mail, rcpt, to, data, session })
      ;[mail, rcpt, to] = ['', [], []]
      return say(told)
    }

    function feed(bytes: Buffer): void {
      if (hung) return
      buffered = Buffer.concat([buffered, bytes])
      if (inData) {
        dataBytes += bytes.length
        if (script.refuseAfterBytes !== undefined && dataBytes >= script.refuseAfterBytes) {
          say('552 5.3.4 Too much')
          hung = true
          return
        }
        if (script.dropAfterBytes !== undefined && dataBytes >= script.dropAfterBytes) {
          say('drop')
          return
        }
      }
      while (!hung && !plain.destroyed) {
        if (chunk) {
          const part = buffered.subarray(0, chunk.left)
          buffered = buffered.subarray(part.length)
          chunk.left -= part.length
          chunks.push(part)
          if (chunk.left > 0) return
          const { last } = chunk
          chunk = null
          if (refused !== undefined) {
            chunks = []
            if (!say(refused)) return
            continue
          }
          if (!last) {
            say('250 2.0.0 more')
            continue
          }
          finish(Buffer.concat(chunks.splice(0)).toString('latin1'))
          continue
        }
        if (inData) {
          const end = buffered.subarray(0, 3).equals(Buffer.from('.\r\n')) ? -2 : buffered.indexOf('\r\n.\r\n')
          if (end === -1) return
          const data = buffered
            .subarray(0, end + 2)
            .toString('latin1')
            .replace(/(^|\r\n)\./g, '$1')
          buffered = buffered.subarray(end + 5)
          inData = false
          if (!finish(data)) return
          continue
        }
        const end = buffered.indexOf('\r\n')
        if (end < 0) return
        const line = buffered.subarray(0, end).toString('utf8')
        buffered = buffered.subarray(end + 2)
        command(line)
      }
    }

    plain.on('data', feed)
    say(script.greeting ?? '220 hop.test ESMTP')
  })
  await new Promise<void>((resolve) => server.listen(at.port ?? 0, at.host ?? '127.0.0.1', resolve))

  return {
    port: (server.address() as net.AddressInfo).port,
    script,
    received,
    /** Every command line of all sessions. */
    lines,
    get sessions() {
      return sessions
    },
    /** Most connections at once. */
    get most() {
      return most
    },
    /** Resets every open connection. */
    dropAll() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
