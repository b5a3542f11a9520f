import { createHash, type Hash } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

const END = Buffer.from('\r\n.\r\n')

/** What came with a final dot. */
export interface Arrival {
  /** Message-ID without brackets, '' where there is none. */
  readonly id: string
  readonly recipients: readonly string[]
  /** SHA-256 of the body as it came on the wire after the first empty line, and its bytes. */
  readonly sha256: string
  readonly size: number
}

/** `drop` resets the connection; `hang` answers never; other words are the answer. */
export type HopAnswer = string | 'drop' | 'hang' | undefined

/** What it says at a step instead of yes: the greeting, a command line, a piece of the content, the final dot. */
export type Mood = (
  step: 'greeting' | 'content' | 'dot' | (string & {}),
  about: { readonly recipient?: string },
) => HopAnswer

export interface AccountingSink extends AsyncDisposable {
  readonly port: number
  /** How often each address got a mail whose final dot was answered with yes. */
  readonly arrived: ReadonlyMap<string, number>
  /** Everything that came with its final dot, also what was dropped there unanswered, by Message-ID. */
  readonly mails: ReadonlyMap<string, readonly Arrival[]>
  readonly last: { readonly sha256: string; readonly size: number }
  /** May be changed at any time. */
  mood: Mood
}

/** A next hop that holds nothing: counts mails, hashes bodies as they pass, and misbehaves when told to. */
export async function openAccountingSink(port = 0): Promise<AccountingSink> {
  const arrived = new Map<string, number>()
  const mails = new Map<string, Arrival[]>()
  const last = { sha256: '', size: 0 }
  const sockets = new Set<Socket>()
  // As mail servers have it: replies to commands in one packet do not wait 40 ms for each other's acknowledgement.
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    receive(
      socket,
      (step, about = {}) => sink.mood(step, about),
      (mail, answered) => {
        mails.set(mail.id, [...(mails.get(mail.id) ?? []), mail])
        if (!answered) return
        for (const address of mail.recipients) arrived.set(address, (arrived.get(address) ?? 0) + 1)
        Object.assign(last, { sha256: mail.sha256, size: mail.size })
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const sink: AccountingSink = {
    port: (server.address() as AddressInfo).port,
    arrived,
    mails,
    last,
    mood: () => undefined,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return sink
}

function receive(
  socket: Socket,
  mood: (step: string, about?: { recipient?: string }) => HopAnswer,
  took: (mail: Arrival, answered: boolean) => void,
): void {
  let rest: Buffer = Buffer.alloc(0)
  let recipients: string[] = []
  /** null outside of DATA; before the empty line `hash` waits. */
  let data: { id: string; hash: Hash | null; size: number } | null = null
  let begun = false
  let hung = false

  if (!say(mood('greeting') ?? '220 sink.test ESMTP')) return
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk
    while (!hung && !socket.destroyed && (data ? content(data) : command())) {}
  })

  /** Answers false when nothing more will be said. */
  function say(answer: string): boolean {
    if (answer === 'drop') socket.resetAndDestroy()
    if (answer === 'hang') hung = true
    if (answer === 'drop' || answer === 'hang') return false
    socket.write(`${answer}\r\n`)
    if (answer.startsWith('421')) socket.end()
    return true
  }

  function content(mail: { id: string; hash: Hash | null; size: number }): boolean {
    const told = mood('content')
    if (told !== undefined) return say(told)
    if (mail.hash === null) {
      // Nothing before the end: the mail whose recipients were all refused (RFC 2920 3.1).
      if (rest.toString('latin1', 0, 3) === '.\r\n') {
        rest = rest.subarray(3)
        data = null
        return say('554 5.5.1 no mail')
      }
      const empty = rest.indexOf('\r\n\r\n')
      if (empty < 0) return false
      mail.hash = createHash('sha256')
      mail.id = /^Message-ID: <([^>]*)>/im.exec(rest.toString('latin1', 0, empty))?.[1] ?? ''
      // The last line end of the header stays: a body may be nothing but the end mark.
      rest = rest.subarray(empty + 2)
    }
    const end = rest.indexOf(END)
    const sure = end < 0 ? Math.max(0, rest.length - END.length) : end + 2
    mail.hash.update(rest.subarray(0, sure))
    mail.size += sure
    rest = rest.subarray(end < 0 ? sure : end + END.length)
    if (end < 0) return false
    const answer = mood('dot') ?? '250 2.0.0 Ok'
    const refused = /^[45]/.test(answer)
    if (!refused)
      took({ id: mail.id, recipients, sha256: mail.hash.digest('hex'), size: mail.size }, answer.startsWith('2'))
    data = null
    begun = false
    recipients = []
    return say(answer)
  }

  function command(): boolean {
    const end = rest.indexOf('\r\n')
    if (end < 0) return false
    const line = rest.toString('utf8', 0, end)
    rest = rest.subarray(end + 2)
    const verb = line.slice(0, 4).toUpperCase()
    const recipient = verb === 'RCPT' ? (/<([^>]*)>/.exec(line)?.[1] ?? '') : undefined
    const told = mood(line, recipient === undefined ? {} : { recipient })
    if (told !== undefined) return say(told)
    if (verb === 'MAIL' || verb === 'RSET') {
      recipients = []
      begun = verb === 'MAIL'
    }
    if (recipient !== undefined) {
      if (!begun) return say('503 5.5.1 not now')
      recipients.push(recipient)
    }
    if (verb === 'DATA' && recipients.length === 0) return say('503 5.5.1 no recipients')
    if (verb === 'DATA') {
      data = { id: '', hash: null, size: 0 }
      return say('354 Go ahead')
    }
    if (verb === 'EHLO') return say('250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES')
    if (verb === 'QUIT') {
      socket.end('221 2.0.0 Bye\r\n')
      return false
    }
    return say('250 2.0.0 Ok')
  }
}
