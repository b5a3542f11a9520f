import { createHash, type Hash } from 'node:crypto'
import { type AddressInfo, createServer, type Socket } from 'node:net'

const END = Buffer.from('\r\n.\r\n')

export interface NightlySink extends AsyncDisposable {
  readonly port: number
  /** How often each address got a mail. */
  readonly arrived: ReadonlyMap<string, number>
  /** SHA-256 of the last body as it came on the wire after the first empty line, and its bytes. */
  readonly last: { readonly sha256: string; readonly size: number }
}

/** A next hop that holds nothing: counts mails per address, hashes bodies as they pass. */
export async function openNightlySink(): Promise<NightlySink> {
  const arrived = new Map<string, number>()
  const last = { sha256: '', size: 0 }
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.write('220 sink.test ESMTP\r\n')
    receive(socket, (recipients, sha256, size) => {
      for (const address of recipients) arrived.set(address, (arrived.get(address) ?? 0) + 1)
      Object.assign(last, { sha256, size })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    arrived,
    last,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function receive(socket: Socket, took: (recipients: readonly string[], sha256: string, size: number) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  let recipients: string[] = []
  /** null outside of DATA; before the empty line `hash` waits. */
  let data: { hash: Hash | null; size: number } | null = null

  socket.on('data', (chunk: Buffer) => {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk
    while (data ? content(data) : command()) {}
  })

  function content(mail: { hash: Hash | null; size: number }): boolean {
    if (mail.hash === null) {
      const empty = rest.indexOf('\r\n\r\n')
      if (empty < 0) return false
      mail.hash = createHash('sha256')
      // The last line end of the header stays: a body may be nothing but the end mark.
      rest = rest.subarray(empty + 2)
    }
    const end = rest.indexOf(END)
    const sure = end < 0 ? Math.max(0, rest.length - END.length) : end + 2
    mail.hash.update(rest.subarray(0, sure))
    mail.size += sure
    rest = rest.subarray(end < 0 ? sure : end + END.length)
    if (end < 0) return false
    took(recipients, mail.hash.digest('hex'), mail.size)
    data = null
    socket.write('250 2.0.0 Ok\r\n')
    return true
  }

  function command(): boolean {
    const end = rest.indexOf('\r\n')
    if (end < 0) return false
    const line = rest.toString('utf8', 0, end)
    rest = rest.subarray(end + 2)
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'MAIL') recipients = []
    if (verb === 'RCPT') recipients.push(/<([^>]*)>/.exec(line)?.[1] ?? '')
    if (verb === 'DATA') {
      data = { hash: null, size: 0 }
      socket.write('354 Go ahead\r\n')
    } else if (verb === 'EHLO')
      socket.write('250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n')
    else if (verb === 'QUIT') socket.end('221 2.0.0 Bye\r\n')
    else socket.write('250 2.0.0 Ok\r\n')
    return true
  }
}
