/**
 * The next hop of a benchmark, a process of its own: takes every mail, keeps nothing but a count per recipient domain and
 * the first 4 KB of the last mail. Also answers every HTTP request with 200, as an SMS provider.
 */
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { SinkOrder, SinkReport } from './sink.ts'

const tell = (report: SinkReport) => void process.send?.(report)

const END = Buffer.from('\r\n.\r\n')
const counts = new Map<string, number>()
let order: SinkOrder | null = null
let texts = 0

process.on('message', (next: SinkOrder) => {
  counts.clear()
  texts = 0
  order = next
  tell({ armed: true })
})
process.on('disconnect', () => process.exit())

function took(domain: string, head: string): void {
  const count = (counts.get(domain) ?? 0) + 1
  counts.set(domain, count)
  if (order && domain === order.domain && count === order.count) {
    tell({ reached: { head, others: [...counts].filter(([name]) => name !== domain), texts } })
  }
}

const smtp = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.write('220 sink.test ESMTP\r\n')
  converse(socket)
})

/** One session. Replies to pipelined commands leave in one write. */
function converse(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0)
  let inData = false
  let domain = ''
  let head = ''

  socket.on('data', (chunk: Buffer) => {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk
    let answer = ''
    for (;;) {
      if (inData) {
        const end = rest.indexOf(END)
        if (head === '' && (end >= 0 || rest.length >= 4096)) head = rest.toString('latin1', 0, 4096)
        if (end < 0) {
          // Of a body that goes on only the last bytes matter: the end mark may be cut.
          if (rest.length > 65_536) rest = rest.subarray(rest.length - END.length)
          break
        }
        rest = rest.subarray(end + END.length)
        inData = false
        took(domain, head)
        answer += '250 2.0.0 Ok\r\n'
        continue
      }
      const end = rest.indexOf('\r\n')
      if (end < 0) break
      const line = rest.toString('latin1', 0, end)
      rest = rest.subarray(end + 2)
      answer += reply(line)
    }
    if (answer) socket.write(answer)
  })

  function reply(line: string): string {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO')
      return '250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN\r\n'
    if (verb === 'RCPT') domain = /@([^>]*)>/.exec(line)?.[1]?.toLowerCase() ?? ''
    if (verb === 'DATA') {
      inData = true
      head = ''
      return '354 Go ahead\r\n'
    }
    if (verb === 'QUIT') {
      setImmediate(() => socket.end())
      return '221 2.0.0 Bye\r\n'
    }
    return '250 2.0.0 Ok\r\n'
  }
}

const http = createHttpServer((request, response) => {
  request.resume()
  request.on('end', () => {
    texts++
    response.end('{}')
  })
})

smtp.listen(0, '127.0.0.1', () =>
  http.listen(0, '127.0.0.1', () =>
    tell({ ports: { smtp: (smtp.address() as AddressInfo).port, http: (http.address() as AddressInfo).port } }),
  ),
)
