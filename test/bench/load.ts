import { connect, type Socket } from 'node:net'

export interface Load {
  readonly port: number
  readonly connections: number
  readonly messages: number
  readonly sender: string
  /** One recipient a mail, in turn. */
  readonly recipients: readonly string[]
  /** The message as it stands on the wire, dot-stuffed, without the end mark. */
  readonly content: Buffer
}

/**
 * Sends mails over kept connections as fast as each reply allows, commands pipelined (RFC 2920), as a mail server would.
 * Resolves when every mail was answered with 250; rejects on any other reply.
 */
export async function sendLoad(load: Load): Promise<void> {
  let next = 0
  const wire = Buffer.concat([load.content, Buffer.from('.\r\n')])
  await Promise.all(Array.from({ length: Math.min(load.connections, load.messages) }, session))

  async function session(): Promise<void> {
    const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true })
    const expectReply = replies(socket)
    try {
      await expectReply('220')
      socket.write('EHLO load.test\r\n')
      await expectReply('250')
      while (next < load.messages) {
        const recipient = load.recipients[next++ % load.recipients.length]!
        socket.write(`MAIL FROM:<${load.sender}>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`)
        await expectReply('250')
        await expectReply('250')
        await expectReply('354')
        socket.write(wire)
        await expectReply('250')
      }
      socket.write('QUIT\r\n')
      await expectReply('221')
    } finally {
      socket.destroy()
    }
  }
}

/** Waits for whole replies of a session, in order, each with the code that is expected. */
function replies(socket: Socket): (code: string) => Promise<void> {
  const lines: string[] = []
  let rest = ''
  let ended: Error | null = null
  let wake = () => {}
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1')
    const parts = rest.split('\r\n')
    rest = parts.pop()!
    // Of a reply with several lines only the last counts (RFC 5321 4.2.1).
    lines.push(...parts.filter((line) => line[3] !== '-'))
    wake()
  })
  const end = (error?: Error) => {
    ended ??= error ?? new Error('the relay closed the connection')
    wake()
  }
  socket.on('error', end)
  socket.on('close', () => end())
  return async (code) => {
    while (lines.length === 0) {
      if (ended) throw ended
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    const line = lines.shift()!
    if (!line.startsWith(code)) throw new Error(`expected ${code}, the relay said: ${line}`)
  }
}
