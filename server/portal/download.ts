import type { LinkFileRecord } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import type { OpenByteSource } from '../ports/bytes.ts'
import { type OpenLink, record } from './links.ts'
import { type ByteRange, contentDisposition, rangeOf } from './range.ts'
import { receipt } from './receipt.ts'
import type { PortalAttachment, PortalServices } from './services.ts'
import { writeZip, zipSize } from './zip.ts'

/** A file a recipient may have, wherever it comes from. */
export interface Download {
  readonly id: string
  readonly name: string
  readonly size: number
  readonly mediaType: string
  /** Hex, where it was computed. */
  readonly sha256: string | null
  open(): Promise<OpenByteSource>
}

/** Files behind a link, in the order of the grant. */
export async function filesOf(services: PortalServices, { tenant, grant }: OpenLink): Promise<Download[]> {
  const { read } = services.store.tenant(tenant)
  const files = await Promise.all(grant.files.map((id) => read.linkFile(id)))
  return files
    .filter((file): file is LinkFileRecord => file !== null)
    .map((file) => ({ ...file, open: () => services.openFile(tenant, file) }))
}

/** Attachments of a portal message; their id is their place. */
export function attachmentsOf(attachments: readonly PortalAttachment[]): Download[] {
  return attachments.map((attachment, index) => ({
    id: String(index),
    name: attachment.name,
    size: attachment.size,
    mediaType: attachment.mediaType,
    sha256: null,
    open: () => attachment.open(),
  }))
}

/** An answer to a download request: status, headers, and the bytes, which are audited when they end or break off. */
export interface DownloadAnswer {
  readonly status: 200 | 206
  readonly headers: Readonly<Record<string, string>>
  stream(): AsyncGenerator<Buffer>
}

/** Answers a request for one file. Raises `not-found` and `range-unsatisfiable`; what was read is `link.downloaded` in the audit. */
export function download(
  services: PortalServices,
  link: OpenLink,
  file: Download | undefined,
  headers: { readonly range?: string | undefined; readonly 'if-range'?: string | string[] | undefined },
): DownloadAnswer {
  if (!file) throw new Fault('not-found')
  const etag = `"${file.sha256 ?? `${link.grant.id}-${file.id}`}"`
  const range = rangeOf(headers, file.size, etag)
  return {
    status: range.partial ? 206 : 200,
    headers: {
      'content-type': safeType(file.mediaType),
      'content-disposition': contentDisposition(file.name),
      'content-length': String(range.end - range.start),
      'accept-ranges': 'bytes',
      etag,
      'cache-control': 'private, no-store',
      'content-security-policy': "default-src 'none'; sandbox",
      ...(range.partial && { 'content-range': `bytes ${range.start}-${range.end - 1}/${file.size}` }),
      ...(file.sha256 && { 'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:` }),
    },
    stream: () => audited(services, link, file, range),
  }
}

/** All files of the link in one archive, or null where that makes no sense (a single file) or no archive (too large). */
export function archive(services: PortalServices, link: OpenLink, files: readonly Download[]): DownloadAnswer | null {
  const size = archiveSize(files)
  if (size === null) return null
  const entries = files.map((file) => ({
    name: file.name,
    size: file.size,
    stream: () => audited(services, link, file, { start: 0, end: file.size, partial: false }),
  }))
  return {
    status: 200,
    headers: {
      'content-type': 'application/zip',
      'content-disposition': contentDisposition('files.zip'),
      'content-length': String(size),
      'cache-control': 'private, no-store',
    },
    stream: () => writeZip(entries, services.clock.now()),
  }
}

/** Bytes of the archive of these files, or null when none is offered. */
export const archiveSize = (files: readonly Download[]) => (files.length > 1 ? zipSize(files) : null)

async function* audited(
  services: PortalServices,
  link: OpenLink,
  file: Download,
  range: ByteRange,
): AsyncGenerator<Buffer> {
  let sent = 0
  try {
    await using source = await file.open()
    for await (const chunk of source.stream(range.start, range.end)) {
      sent += chunk.length
      yield chunk
    }
  } finally {
    await record(services, link, 'link.downloaded', {
      file: file.id,
      name: file.name,
      sha256: file.sha256,
      from: range.start,
      to: range.end,
      bytes: sent,
      complete: sent === range.end - range.start,
    })
    if (sent === file.size) await receipt(services, link)
  }
}

/** A type that a browser would show or run is none that a stranger's file gets on our origin. */
function safeType(mediaType: string): string {
  const known = /^(application|audio|image|text|video)\/[\w.+-]{1,100}$/i.test(mediaType)
  return known && !/html|xml|svg|script/i.test(mediaType) ? mediaType : 'application/octet-stream'
}
