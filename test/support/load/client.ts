import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '../../nightly/random.ts'
import { smtpClient } from '../smtp-client.ts'
import type { Ledger, Sent } from './ledger.ts'

export interface LoadOptions {
  /** Where the gateway listens at this moment; null while there is none. Asked before each connection. */
  readonly port: (connection: number) => number | null
  readonly ledger: Ledger
  readonly sender: string
  /** Prefix of the ids: two loads of one test must not share it. */
  readonly run?: string
  readonly connections?: number
  readonly seed?: number
  /** Mails in all; without end unless told. */
  readonly count?: number
  /** Pause of a connection after each mail, ms. */
  readonly pauseMs?: number
  /** Of the recipients. */
  readonly domain?: string
}

export interface Load {
  /** Ends each connection after its mail. */
  stop(): Promise<void>
  /** When `count` mails were handed in. */
  readonly done: Promise<void>
}

/** Hands in mail after mail over several connections; a connection that ends is opened again, as mail servers do. */
export function startLoad(options: LoadOptions): Load {
  const { ledger, sender, run = 'load', connections = 8, count = Number.POSITIVE_INFINITY, pauseMs = 0 } = options
  const random = new Random(options.seed ?? 1)
  let next = 0
  let stopped = false

  async function session(connection: number): Promise<void> {
    while (!stopped && next < count) {
      const port = options.port(connection)
      try {
        if (port === null) throw new Error('nobody listens')
        await conversation(port)
      } catch {
        await pause(20)
      }
    }
  }

  async function conversation(port: number): Promise<void> {
    const client = await smtpClient(port)
    try {
      if (!(await client.reply()).startsWith('220')) return
      await client.say('EHLO load.test')
      while (!stopped && next < count) {
        const { mail, sent } = compose(`${run}-${next++}`)
        const begun = [`MAIL FROM:<${sender}>`, ...sent.recipients.map((to) => `RCPT TO:<${to}>`), 'DATA']
        let told = ''
        for (const line of begun) {
          told = await client.say(line)
          if (!/^[23]/.test(told)) break
        }
        if (!told.startsWith('354')) {
          if (told.startsWith('421')) return
          await client.say('RSET')
          await pause(20)
          continue
        }
        ledger.set(sent.id, sent)
        client.write(mail)
        sent.reply = await client.reply()
        sent.at = performance.now()
        sent.fate = sent.reply.startsWith('250') ? 'accepted' : 'refused'
        if (sent.reply.startsWith('421')) return
        if (pauseMs > 0) await pause(pauseMs)
      }
      await client.say('QUIT')
    } finally {
      client.destroy()
    }
  }

  /** One to three recipients; text with lines that begin with dots, as it goes over the wire. Some are too long for a row. */
  function compose(name: string): { mail: Buffer; sent: Sent } {
    const id = `${name}@load.test`
    const people = random.below(8) === 0 ? 3 : 1
    const recipients = Array.from({ length: people }, (_, at) => `${name}-${at}@${options.domain ?? 'peer.example'}`)
    const count = random.below(6) === 0 ? 800 : 2 + random.below(60)
    const lines = Array.from({ length: count }, (_, at) => {
      const text = `${at} ${'what was promised is kept '.repeat(random.below(5))}${random.next()}`
      return random.below(20) === 0 ? `..${text}` : text
    })
    const header = [
      `From: <${sender}>`,
      `To: ${recipients.join(', ')}`,
      `Message-ID: <${id}>`,
      `Subject: ${name}`,
      '',
      '',
    ]
    const body = `\r\n${lines.join('\r\n')}\r\n`
    const sha256 = createHash('sha256').update(body).digest('hex')
    return {
      // The empty line stands in the body: the sink hashes from there.
      mail: Buffer.from(`${header.slice(0, -1).join('\r\n')}${body}.\r\n`),
      sent: { id, recipients, sha256, fate: 'unanswered', reply: '', at: 0 },
    }
  }

  const done = Promise.all(Array.from({ length: connections }, (_, at) => session(at))).then(() => {})
  return {
    done,
    stop() {
      stopped = true
      return done
    },
  }
}
