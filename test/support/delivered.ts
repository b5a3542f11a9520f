/** What arrived: mailboxes of the sink, and a look into the mails with Secflow's own reader (other readers are the oracles). */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileSource } from '../../cli/mail-file.ts'
import type { Sink } from '../../demo/sink.ts'
import { decodedBody } from '../../server/mime/decode.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import type { MimePart } from '../../server/mime/part.ts'

/** Asks until there is an answer, at most `seconds`. */
export async function eventually<T>(
  what: string,
  find: () => T | undefined | Promise<T | undefined>,
  seconds = 20,
): Promise<T> {
  for (const until = Date.now() + seconds * 1000; ; await new Promise((wait) => setTimeout(wait, 25))) {
    const found = await find()
    if (found !== undefined) return found
    if (Date.now() > until) throw new Error(`${what}: nothing after ${seconds} s`)
  }
}

/** Files in a mailbox, oldest first; delivery is recorded a moment before the sink has listed it, so at least `count` are waited for. */
export async function mailsTo(sink: Sink, address: string, count = 1): Promise<string[]> {
  return eventually(`${count} mail(s) to ${address}`, () => {
    const files = sink.delivered.filter((entry) => entry.address === address).map(({ file }) => file)
    return files.length >= count ? files : undefined
  })
}

/** The newest mail in a mailbox. */
export const lastMailTo = async (sink: Sink, address: string): Promise<string> => (await mailsTo(sink, address)).at(-1)!

/** Header of a mail as text, unfolded. */
export function headerOf(file: string): string {
  const text = readFileSync(file, 'latin1')
  return text.slice(0, text.indexOf('\r\n\r\n')).replaceAll(/\r\n(?=[ \t])/g, '')
}

/** Names of all fields of a mail, lower case. */
export const fieldNames = (file: string): string[] =>
  headerOf(file)
    .split('\r\n')
    .map((line) => line.slice(0, line.indexOf(':')).toLowerCase())

/** Decoded content of the first leaf that fits. */
export async function partOf(file: string, fits: (part: MimePart) => boolean): Promise<Buffer> {
  await using source = await fileSource(file)
  const { parts } = await indexMime(source)
  const part = parts.find((one) => one.shape === 'leaf' && fits(one))
  if (!part) throw new Error(`no such part in ${file}: ${parts.map(({ type }) => type).join(', ')}`)
  const pieces: Buffer[] = []
  for await (const piece of decodedBody(source, part)) pieces.push(piece)
  return Buffer.concat(pieces)
}

export const textOf = async (file: string): Promise<string> =>
  (await partOf(file, ({ type }) => type === 'text/plain')).toString('utf8')

/** The portal link in a mail's plain text. */
export async function linkIn(file: string): Promise<string> {
  const link = /https?:\/\/\S+\/portal\/\S+/.exec(await textOf(file))?.[0]
  if (!link) throw new Error(`no link in ${file}`)
  return link
}

/** The eight digits of a one-time code in a text. */
export function codeIn(text: string): string {
  const code = /\b\d{4} \d{4}\b/.exec(text)?.[0]
  if (!code) throw new Error(`no code in: ${text}`)
  return code
}

/** Takes a part out into a file, for a program to open. */
export async function savePart(file: string, type: string, target: string): Promise<string> {
  writeFileSync(target, await partOf(file, (part) => part.type === type))
  return target
}
