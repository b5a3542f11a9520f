import { smtpClient } from './smtp-client.ts'

export interface SubmitMail {
  readonly from: string
  readonly to: readonly string[]
  /** As it stands on the wire before dot-stuffing; a final CRLF is added when there is none. */
  readonly mail: string | Buffer
  readonly password?: string
  /** Parameters of MAIL, such as `SMTPUTF8`. */
  readonly parameters?: string
  /** Address the client connects from: another of 127.0.0.0/8 is another peer. */
  readonly peer?: string
}

export interface Submitted {
  /** Replies to MAIL, each RCPT and the final dot, as far as it came. */
  readonly replies: readonly string[]
  /** The last one. */
  readonly reply: string
  /** Message id, '' when it was refused. */
  readonly id: string
}

/** Sends one mail over SMTP, with AUTH when there is a password, and says what the server answered. */
export async function submit(port: number, of: SubmitMail): Promise<Submitted> {
  const client = await smtpClient(port, '127.0.0.1', of.peer)
  const replies: string[] = []
  const ended = () => ({
    replies,
    reply: replies.at(-1) ?? '',
    id: /accepted ([0-9a-f-]{36})/.exec(replies.at(-1) ?? '')?.[1] ?? '',
  })
  try {
    await client.reply()
    await client.say('EHLO client.test.example')
    if (of.password !== undefined) {
      const plain = Buffer.from(`\0${of.from}\0${of.password}`).toString('base64')
      const answer = await client.say(`AUTH PLAIN ${plain}`)
      if (!answer.startsWith('235')) throw new Error(`not signed in: ${answer}`)
    }
    replies.push(await client.say(`MAIL FROM:<${of.from}>${of.parameters ? ` ${of.parameters}` : ''}`))
    if (!replies.at(-1)?.startsWith('250')) return ended()
    for (const address of of.to) replies.push(await client.say(`RCPT TO:<${address}>`))
    if (!replies.slice(1).some((reply) => reply.startsWith('250'))) return ended()
    const data = await client.say('DATA')
    if (!data.startsWith('354')) {
      replies.push(data)
      return ended()
    }
    const text = Buffer.isBuffer(of.mail) ? of.mail.toString('latin1') : Buffer.from(of.mail).toString('latin1')
    const stuffed = text.replace(/(^|\r\n)\./g, '$1..')
    client.write(Buffer.from(`${stuffed.endsWith('\r\n') ? stuffed : `${stuffed}\r\n`}.\r\n`, 'latin1'))
    replies.push(await client.reply())
    return ended()
  } finally {
    client.end()
  }
}
