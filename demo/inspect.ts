/** Looks at what a scenario led to, the way its recipients would: over SMTP's result, the links, the telephone. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileSource } from '../cli/mail-file.ts'
import type { DemoFiles } from '../server/demo/tenant.ts'
import { decodedBody } from '../server/mime/decode.ts'
import { indexMime } from '../server/mime/index-mime.ts'
import type { TenantStore } from '../server/ports/store.ts'
import type { MessageId, RecipientRecord } from '../shared/domain/index.ts'
import type { Scenario, WrittenMail } from './scenarios.ts'
import type { Sink } from './sink.ts'

export interface Row {
  readonly mail: string
  readonly recipient: string
  readonly verdict: string
  readonly why: string
  readonly look: readonly string[]
  /** The scenario's promise was kept, as far as the demo can see from outside. */
  readonly ok: boolean
}

interface Case {
  readonly scenario: Scenario
  readonly mail: WrittenMail
  readonly id: MessageId
  readonly recipients: readonly RecipientRecord[]
  readonly store: TenantStore
  readonly sink: Sink
  readonly files: DemoFiles
  readonly dataDir: string
  readonly step: (text: string) => void
}

interface Finding {
  readonly verdict: string
  readonly look: readonly string[]
  readonly ok: boolean
}

export async function inspect(of: Case): Promise<Row[]> {
  const rows: Row[] = []
  for (const recipient of of.recipients) {
    const file = await delivered(of.sink, recipient.address)
    const finding: Finding =
      recipient.state !== 'delivered' || !file
        ? { verdict: `${recipient.state} ${recipient.detail}`.trim(), look: [], ok: false }
        : await LOOK[of.scenario.id](of, recipient, file)
    rows.push({
      mail: of.scenario.id,
      recipient: recipient.address,
      why: (recipient.receipt?.rules ?? []).join(', '),
      ...finding,
    })
  }
  return rows
}

const shown = (path: string) => relative(process.cwd(), path) || path

/** The last mail in a recipient's mailbox; delivery is recorded a moment before the sink has listed it. */
async function delivered(sink: Sink, address: string): Promise<string | null> {
  for (let tries = 0; tries < 40; tries++) {
    const found = sink.delivered.findLast((entry) => entry.address === address)
    if (found) return found.file
    await new Promise((wait) => setTimeout(wait, 50))
  }
  return null
}

const LOOK: Readonly<Record<Scenario['id'], (of: Case, recipient: RecipientRecord, file: string) => Promise<Finding>>> =
  {
    async S1(of, _recipient, file) {
      const url = await linkIn(file)
      const page = url ? await (await fetch(url)).text() : ''
      const links = [...page.matchAll(/href="([^"]+\/files\/[^"/]+)"/g)].map(
        (match) => new URL(match[1] ?? '', url ?? '').href,
      )
      of.step(`S1: fetching ${links.length} files through the link`)
      let same = 0
      for (const link of new Set(links)) {
        const response = await fetch(link)
        const hash = createHash('sha256')
        for await (const chunk of response.body ?? []) hash.update(chunk as Uint8Array)
        if ([...of.mail.hashes.values()].includes(hash.digest('hex'))) same++
      }
      const expected = of.mail.hashes.size
      return {
        verdict: `FileLink + S/MIME signature, ${same} of ${expected} files byte-identical`,
        ok: same === expected,
        look: [
          `openssl cms -verify -in ${shown(file)} -CAfile ${shown(of.files.ca)} -out /dev/null`,
          `curl -s ${links[0] ?? url ?? ''} | sha256sum`,
        ],
      }
    },

    async S2(of, recipient, file) {
      const container = await saveContainer(file, join(of.dataDir, 'demo', 'results', 'S2.pdf'))
      const text = await until(() => of.sink.texts.find(({ to }) => to === '+4915100000002'))
      const password = text?.text.split(': ').at(-1) ?? ''
      const passwordFile = join(of.dataDir, 'demo', 'results', 'S2.password')
      await writeFile(passwordFile, password, { mode: 0o600 })
      const incident = await until(() =>
        of.sink.calls.find(
          ({ path, body }) => path === '/incidents' && (body as { message?: string }).message === of.id,
        ),
      )
      const copied = await delivered(of.sink, 'security-team@demo.example')
      const parts = [
        container ? 'PDF' : 'no PDF',
        password ? `password by SMS to ${text?.to}` : 'no SMS',
        copied ? 'copy to security-team' : 'no copy',
        incident ? 'incident reported' : 'no incident',
      ]
      return {
        verdict: parts.join(', '),
        ok: Boolean(container && password && incident && copied && recipient.receipt?.method === 'pdf'),
        look: [
          `qpdf --password-file=${shown(passwordFile)} --check ${shown(container ?? '')}`,
          `pdfdetach -upw "$(cat ${shown(passwordFile)})" -list ${shown(container ?? '')}`,
        ],
      }
    },

    async S3(of, _recipient, file) {
      const url = await linkIn(file)
      // The file's own address, as an attacker with the link might guess it: nothing without both factors.
      const [record] = await of.store.read.linkFiles(of.id)
      const status = url && record ? (await fetch(`${url}/files/${record.id}`, { redirect: 'manual' })).status : 0
      const trail = (await of.store.read.audit({ message: of.id, limit: 1000 })).length
      return {
        verdict: `FileLink, portal with second factor (without it: HTTP ${status}), ${trail} audit lines`,
        ok: status >= 300 && status < 500 && trail > 0,
        look: [`open ${url ?? ''}  (code by mail, then by SMS to +4915100000003: both on ${of.sink.url})`],
      }
    },

    async S4(of, recipient, file) {
      const url = await linkIn(file)
      const page = url ? await (await fetch(url)).text() : ''
      const grants = await of.store.read.grants(of.id)
      const filed = grants.some(({ kind, reply }) => kind === 'message' && reply)
      return {
        verdict: 'filed in the portal: read, answer, download',
        ok: Boolean(url && page.includes('<form') && filed && recipient.receipt?.method === 'portal'),
        look: [`open ${url ?? ''}  (code by mail: ${of.sink.url})`],
      }
    },

    async S5(of, recipient, file) {
      const expected = {
        'cert@partner.example': 'smime',
        'pgp@partner.example': 'pgp',
        'phone@partner.example': 'pdf',
        'nothing@partner.example': 'portal',
      }[recipient.address]
      const method = recipient.receipt?.method ?? 'plain'
      const own = of.files.peer(recipient.address)
      const gnupg = join(of.dataDir, 'demo', 'gnupg')
      const look: Record<string, readonly string[]> = {
        smime: [
          `openssl cms -decrypt -in ${shown(file)} -recip ${shown(own.certificate)} -inkey ${shown(own.key)} | openssl cms -verify -CAfile ${shown(of.files.ca)}`,
        ],
        pgp: [
          `mkdir -pm700 ${shown(gnupg)} && gpg -q --batch --homedir ${shown(gnupg)} --import ${shown(own.pgp)} ${shown(join(of.files.directory, 'gateway.asc'))}; gpg --batch --homedir ${shown(gnupg)} --decrypt ${shown(file)}`,
        ],
        pdf: [`less ${shown(file)}  (the password went to +4915100000006: ${of.sink.url})`],
        portal: [`open ${(await linkIn(file)) ?? ''}`],
      }
      return {
        verdict: (recipient.receipt?.layers ?? []).join('; '),
        ok: method === expected,
        look: look[method] ?? [],
      }
    },
  }

async function until<T>(find: () => T | undefined): Promise<T | undefined> {
  for (let tries = 0; tries < 100; tries++) {
    const found = find()
    if (found !== undefined) return found
    await new Promise((wait) => setTimeout(wait, 50))
  }
  return undefined
}

/** The portal link in a mail's plain text. */
async function linkIn(file: string): Promise<string | null> {
  await using source = await fileSource(file)
  const { parts } = await indexMime(source)
  for (const part of parts) {
    if (part.type !== 'text/plain' || part.shape !== 'leaf') continue
    const pieces: Buffer[] = []
    for await (const piece of decodedBody(source, part)) pieces.push(piece)
    const link = /https?:\/\/\S+\/portal\/\S+/.exec(Buffer.concat(pieces).toString('utf8'))?.[0]
    if (link) return link
  }
  return null
}

/** Takes the PDF out of a carrier mail, so that the commands in the table have a file. */
async function saveContainer(mail: string, target: string): Promise<string | null> {
  await using source = await fileSource(mail)
  const { parts } = await indexMime(source)
  const part = parts.find(({ type }) => type === 'application/pdf')
  if (!part) return null
  await mkdir(join(target, '..'), { recursive: true })
  await pipeline(Readable.from(decodedBody(source, part)), createWriteStream(target))
  return target
}
