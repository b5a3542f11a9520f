/** A mail file in the hands of a command: the gateway's own stages, without server, queue or database. */

import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { loadConfig, type TenantConfig } from '../server/config.ts'
import { assembleInput } from '../server/journey/evaluate/input.ts'
import { isToBeOpened, openViews, passed } from '../server/journey/inbound/views.ts'
import { type ParsedMail, parseMail } from '../server/journey/parse/parse-mail.ts'
import { plainTenant, type TenantProfile } from '../server/journey/tenant.ts'
import { openFacts } from '../server/people/facts-house.ts'
import { tenantSecrets } from '../server/platform/secrets.ts'
import { bytesOf, type OpenByteSource } from '../server/ports/bytes.ts'
import type { Directory } from '../server/ports/directory.ts'
import type { Keyring } from '../server/ports/keyring.ts'
import type { TenantSecrets } from '../server/ports/secrets.ts'
import { profileOf } from '../server/profile.ts'
import { type Envelope, type Origin, type PolicyInput, tenantId } from '../shared/domain/index.ts'
import { Fault } from '../shared/fault/index.ts'
import type { Policy } from '../shared/policy/index.ts'
import { domainOf } from '../shared/words/address.ts'

export interface MailFileOptions {
  readonly from?: string | undefined
  readonly to?: readonly string[] | undefined
  /** Facts file: people, phones, keys. */
  readonly facts?: string | undefined
  readonly config?: string | undefined
}

export interface MailFile extends AsyncDisposable {
  readonly source: OpenByteSource
  readonly parsed: ParsedMail
  readonly envelope: Envelope
  readonly origin: Origin
  readonly tenant: TenantProfile
  readonly directory: Directory
  readonly keyring: Keyring
  readonly secrets: TenantSecrets
  /** Epoch ms: taken once, so that one run has one time. */
  readonly now: number
  input(policy: Policy): Promise<PolicyInput>
}

/**
 * Opens a mail as an authenticated submission by its sender. Envelope addresses come from the options, else from From, To
 * and Cc. Without a configuration the sender's domain is the only own one. Raises the faults of the files.
 */
export async function openMailFile(file: string, options: MailFileOptions): Promise<MailFile> {
  const source = await mailSource(file)
  try {
    const parsed = await parseMail(source)
    const mailFrom = options.from ?? parsed.visible.from
    const to = options.to?.length ? options.to : [...parsed.visible.to, ...parsed.visible.cc]
    if (to.length === 0) throw new Fault('request-invalid', 'the mail names no recipient: say --to')
    const config = options.config === undefined ? null : loadConfig({ file: options.config, env: process.env })
    const settings = config ? tenantOf(config.tenants, domainOf(mailFrom)) : null
    const tenant =
      settings && config
        ? profileOf(settings, config)
        : plainTenant(tenantId('local'), domainOf(mailFrom), 'http://localhost:8080')
    const secrets = tenantSecrets(config?.secrets.master ?? randomBytes(32))
    const now = Date.now()
    const known = await openFacts(options.facts ?? settings?.people ?? null, { tenant: tenant.id, secrets, now })
    const envelope: Envelope = {
      mailFrom,
      recipients: to.map((address) => ({ address })),
      body: '8BITMIME',
      smtputf8: true,
      requireTls: false,
    }
    const origin: Origin = { channel: 'cli', authenticated: 'operator', peer: '', tls: null }
    return {
      source,
      parsed,
      envelope,
      origin,
      tenant,
      directory: known.directory,
      keyring: known.keyring,
      secrets,
      now,
      async input(policy) {
        const knowledge = { directory: known.directory, keyring: known.keyring, stamps: null }
        const record = { envelope, origin, acceptedAt: now }
        const mail = { tenant, record, recipients: to, source, parsed, fileText: true }
        await using opened = isToBeOpened(mail) ? await openViews(known.keyring, mail) : passed(mail)
        const facts = opened.views[0]!.parsed
        const { input } = await assembleInput({ ...record, receivedAt: now, facts }, tenant, policy, knowledge, 'all')
        return input
      },
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    }
  } catch (error) {
    await source[Symbol.asyncDispose]()
    throw error
  }
}

function tenantOf(tenants: readonly TenantConfig[], domain: string): TenantConfig {
  const found =
    tenants.find(({ domains }) => domains.includes(domain)) ?? (tenants.length === 1 ? tenants[0] : undefined)
  if (!found) throw new Fault('config-missing', `no tenant of the configuration owns ${domain}`)
  return found
}

/** The largest mail with Unix line ends, which is put right in memory. */
const LARGEST_LF = 150 * 1024 * 1024

/** A mail file as it was on the wire: one that a Unix program saved has bare LF and gets its CRLF back. */
export async function mailSource(path: string): Promise<OpenByteSource> {
  const source = await fileSource(path)
  const start = await source.read(0, Math.min(source.size, 65_536))
  const lf = start.indexOf('\n')
  if (lf < 0 || start[lf - 1] === 0x0d) return source
  try {
    if (source.size > LARGEST_LF) throw new Fault('message-too-large', 'a mail with LF line ends may have 150 MiB here')
    const text = (await source.read(0, source.size)).toString('latin1')
    return { ...bytesOf(Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1')), [Symbol.asyncDispose]: async () => {} }
  } finally {
    await source[Symbol.asyncDispose]()
  }
}

const CHUNK = 262_144

/** A file on disk as a byte source. Raises `config-missing` when it cannot be read. */
export async function fileSource(path: string): Promise<OpenByteSource> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw new Fault('config-missing', `${path} cannot be read`, { cause })
  })
  const { size } = await handle.stat()
  const read = async (start: number, end: number): Promise<Buffer> => {
    const buffer = Buffer.allocUnsafe(end - start)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start)
    return buffer.subarray(0, bytesRead)
  }
  return {
    size,
    read,
    async *stream(start = 0, end = size) {
      for (let at = start; at < end; at += CHUNK) yield await read(at, Math.min(at + CHUNK, end))
    },
    [Symbol.asyncDispose]: () => handle.close(),
  }
}
