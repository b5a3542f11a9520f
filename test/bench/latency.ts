import { connect } from 'node:net'

export interface Offered {
  readonly port: number
  readonly count: number
  readonly perSecond: number
  readonly sender: string
  readonly recipient: string
}

const BODY = Buffer.from(
  `From: sender\r\nSubject: latency\r\n\r\n${'It is the waiting that is measured here.\r\n'.repeat(240)}.\r\n`,
)

/**
 * Offers mails at a steady rate over kept connections and answers how long each waited from the end of its content to the
 * 250, ms. A mail whose turn comes while every connection is busy waits for one, and that wait counts: a slow server does
 * not make the client offer less.
 */
export async function acceptLatencies(offered: Offered): Promise<number[]> {
  const idle: Session[] = []
  const sessions: Session[] = []
  const times: number[] = []
  const began = performance.now()
  const sending: Promise<void>[] = []
  for (let sent = 0; sent < offered.count; sent++) {
    const due = began + (sent * 1000) / offered.perSecond
    const wait = due - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    const session = idle.pop() ?? (await open(offered.port, sessions))
    sending.push(
      session.send(offered).then((ms) => {
        times.push(ms)
        idle.push(session)
      }),
    )
  }
  await Promise.all(sending)
  for (const { close } of sessions) close()
  return times
}

/** The value that a share of the times does not exceed. */
export function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN
}

interface Session {
  send(mail: Offered): Promise<number>
  close(): void
}

async function open(port: number, sessions: Session[]): Promise<Session> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let rest = ''
  let take: ((line: string) => void) | null = null
  let fail: (error: Error) => void = () => {}
  const lines: string[] = []
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1')
    const parts = rest.split('\r\n')
    rest = parts.pop()!
    for (const line of parts) {
      if (line[3] === '-') continue
      if (take) {
        const waiting = take
        take = null
        waiting(line)
      } else lines.push(line)
    }
  })
  socket.on('error', (error) => fail(error))
  const reply = (code: string) =>
    new Promise<void>((resolve, reject) => {
      const judge = (line: string) =>
        line.startsWith(code) ? resolve() : reject(new Error(`expected ${code}, the relay said: ${line}`))
      fail = reject
      const line = lines.shift()
      if (line === undefined) take = judge
      else judge(line)
    })
  await reply('220')
  socket.write('EHLO latency.test\r\n')
  await reply('250')
  const session: Session = {
    async send({ sender, recipient }) {
      socket.write(`MAIL FROM:<${sender}>\r\n`)
      await reply('250')
      socket.write(`RCPT TO:<${recipient}>\r\n`)
      await reply('250')
      socket.write('DATA\r\n')
      await reply('354')
      const began = performance.now()
      socket.write(BODY)
      await reply('250')
      return performance.now() - began
    },
    close: () => socket.destroy(),
  }
  sessions.push(session)
  return session
}
