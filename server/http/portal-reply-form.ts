import type { Multipart, MultipartFile } from '@fastify/multipart'
import { Fault } from '../../shared/fault/index.ts'
import type { NewAttachment } from '../mime/compose-mail.ts'

/** An answer as the form sends it: the text first, then files, which are read as they come in. */
export interface ReplyForm {
  readonly text: string
  readonly files: AsyncIterable<NewAttachment>
  /** Neither text nor a file. */
  readonly empty: boolean
}

/** Reads the form up to its first file. `limit` is for all files together, in bytes; more raises `payload-too-large`. */
export async function readReplyForm(parts: AsyncIterator<Multipart>, limit: number): Promise<ReplyForm> {
  let text = ''
  for (;;) {
    const { value: part, done } = await parts.next()
    if (done) return { text, files: none(), empty: text.trim() === '' }
    if (part.type === 'file') {
      if (part.filename) return { text, files: files(part, parts, limit), empty: false }
      part.file.resume()
    } else if (part.fieldname === 'text') {
      if (part.valueTruncated) throw new Fault('payload-too-large')
      text = String(part.value)
    }
  }
}

async function* none(): AsyncGenerator<NewAttachment> {}

async function* files(
  first: MultipartFile,
  rest: AsyncIterator<Multipart>,
  limit: number,
): AsyncGenerator<NewAttachment> {
  const budget = { left: limit }
  for (let part: Multipart | undefined = first; part; part = await following(rest)) {
    if (part.type !== 'file') throw new Fault('request-invalid', 'files come last')
    if (part.filename) yield { name: part.filename, mediaType: part.mimetype, content: within(part, budget) }
    else part.file.resume()
  }
}

async function following(rest: AsyncIterator<Multipart>): Promise<Multipart | undefined> {
  const { value, done } = await rest.next()
  return done ? undefined : value
}

async function* within(part: MultipartFile, budget: { left: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of part.file as AsyncIterable<Buffer>) {
    budget.left -= chunk.length
    if (budget.left < 0) throw new Fault('payload-too-large')
    yield chunk
  }
  if (part.file.truncated) throw new Fault('payload-too-large')
}
