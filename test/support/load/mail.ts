import { type Submitted, submit } from '../submit.ts'
import { SENDER } from './relay.ts'

/** One mail over the listed relay, `name` in its Message-ID and its recipient; `size` is about that of its body. */
export function sendOne(
  port: number,
  name: string,
  { size = 100, parameters }: { readonly size?: number; readonly parameters?: string } = {},
): Promise<Submitted> {
  const line = `${'What was promised is kept. '.repeat(2).trim()}\r\n`
  const mail = [`From: <${SENDER}>`, `To: <${name}@peer.example>`, `Message-ID: <${name}@one.test>`, `Subject: ${name}`]
  return submit(port, {
    from: SENDER,
    to: [`${name}@peer.example`],
    mail: `${mail.join('\r\n')}\r\n\r\n${line.repeat(Math.ceil(size / line.length))}`,
    ...(parameters === undefined ? {} : { parameters }),
  })
}
