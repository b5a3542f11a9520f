import { z } from 'zod'
import { isMailAddress } from '../../shared/contract/index.ts'
import type { Envelope } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { parseAddresses } from '../mime/address-list.ts'
import { fieldsOf, fieldValue, parseHeader } from '../mime/header.ts'

const HEADER_BYTES = 262_144

/** Request headers that name the envelope of a whole mail. */
export const EnvelopeHeaders = z.object({
  'x-envelope-from': z
    .string()
    .max(320)
    .optional()
    .describe('message/rfc822: reverse-path; default is the From field.'),
  'x-envelope-to': z
    .string()
    .max(262_144)
    .optional()
    .describe('message/rfc822: recipients, separated by commas; default are To, Cc and Bcc.'),
})

/** Whether the body is a whole mail and not JSON. */
export function isWholeMail(request: { readonly headers: { readonly 'content-type'?: string | undefined } }): boolean {
  return request.headers['content-type']?.toLowerCase().startsWith('message/rfc822') ?? false
}
const CRLF = Buffer.from('\r\n')

/** A streamed mail with its header read ahead. */
export interface MailAhead {
  readonly from: readonly string[]
  readonly recipients: readonly string[]
  /** The whole mail; Bcc fields are gone (RFC 5322 3.6.3). */
  readonly content: AsyncIterable<Uint8Array>
}

/** Reads the header of a mail (at most 256 KiB, else `header-too-large`) and gives it back in front of the rest. */
export async function readAhead(source: AsyncIterable<Uint8Array>): Promise<MailAhead> {
  const iterator = source[Symbol.asyncIterator]()
  // Chunks may hold a single byte each: none is copied or searched twice but for the three that may begin the end.
  const chunks: Buffer[] = []
  let size = 0
  let end = -1
  let tail = Buffer.alloc(0)
  while (end < 0) {
    const { value, done } = await iterator.next()
    if (done) break
    const joined = Buffer.concat([tail, value])
    const at = joined.indexOf('\r\n\r\n')
    if (at >= 0) end = size - tail.length + at
    chunks.push(Buffer.from(value))
    size += value.length
    tail = joined.subarray(Math.max(0, joined.length - 3))
    if ((end < 0 ? size : end) > HEADER_BYTES) throw new Fault('header-too-large')
  }
  const block = Buffer.concat(chunks)
  const header = parseHeader(end < 0 ? block : block.subarray(0, end + 2))
  const rest = end < 0 ? Buffer.alloc(0) : block.subarray(end + 2)
  const addresses = (name: string) =>
    fieldsOf(header.fields, name).flatMap((field) => parseAddresses(fieldValue(field)).map(({ address }) => address))

  return {
    from: addresses('from'),
    recipients: ['to', 'cc', 'bcc'].flatMap(addresses),
    content: {
      async *[Symbol.asyncIterator]() {
        for (const field of header.fields) {
          if (field.name !== 'bcc') yield Buffer.concat([field.raw, CRLF])
        }
        yield rest
        for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
      },
    },
  }
}

/** An envelope for a submission by HTTP; raises `address-invalid` and `request-invalid` (nobody to send to). */
export function envelopeOf(mailFrom: string, recipients: readonly string[]): Envelope {
  for (const address of [mailFrom, ...recipients]) {
    if (!isMailAddress(address)) throw new Fault('address-invalid', address.slice(0, 100))
  }
  const unique = [...new Map(recipients.map((address) => [address.toLowerCase(), address])).values()]
  if (unique.length === 0) throw new Fault('request-invalid', 'no recipient')
  if (unique.length > 1000) throw new Fault('too-many-recipients')
  return {
    mailFrom,
    recipients: unique.map((address) => ({ address })),
    body: '8BITMIME',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
    smtputf8: [mailFrom, ...unique].some((address) => /[^\x00-\x7f]/.test(address)),
    requireTls: false,
  }
}
