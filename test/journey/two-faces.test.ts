/** One journey, two faces: what `secflow protect` makes of a file is what the gateway makes of the same mail. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileSource } from '../../cli/mail-file.ts'
import { openSink, type Sink } from '../../demo/sink.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import type { Decision, MessageId, Receipt, RecipientDecision } from '../../shared/domain/index.ts'
import { eventually, lastMailTo, savePart, textOf } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { startGpg } from '../support/gpg.ts'
import { dicomOf, mixedMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { secflow } from '../support/secflow.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const PLAIN = 'e.lang@demo.example'
const LINK = 'radiologie@uniklinik.example'
const [SMIME, PGP, PDF, PORTAL] = ['cert', 'pgp', 'phone', 'nothing'].map((name) => `${name}@partner.example`) as [
  string,
  string,
  string,
  string,
]
const OWN_RULES = ruleSet(
  rules(
    '{id: scans-linked, when: {recipient.address: radiologie@uniklinik.example}, then: [{fileLink: {select: {type: dcm}, access: link, expires: 30d}}]}',
  ),
).text

interface Protected extends Decision {
  readonly files: { readonly file: string; readonly recipients: string[]; readonly receipts: Record<string, Receipt> }[]
}

/** What became of one recipient at either face. */
interface Face {
  readonly file: string
  readonly receipt: Receipt
  readonly decision: RecipientDecision
}

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string
const relay = new Map<string, Face>()
const command = new Map<string, Face>()
const mails: { file: string; to: readonly string[]; recorded: Decision }[] = []

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-faces-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  tenant = await ownTenant({ outside: sink.url, rules: [OWN_RULES] })
  gateway = await startGateway({ folder: tenant.folder, relayPort: sink.smtpPort, settings: tenant.settings() })
  await both('internal', [PLAIN, LINK])
  await both('confidential', [SMIME, PGP, PDF, PORTAL])
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

/** Sends the same file over SMTP and through the command. */
async function both(classification: string, to: readonly string[]): Promise<void> {
  const mail = mixedMail({
    from: AUTHOR,
    to: to.join(', '),
    subject: '=?utf-8?Q?Gr=C3=BC=C3=9Fe_an_alle?=',
    headers: [`X-Secflow-Classification: ${classification}`, 'References: <a@x.example>\r\n <b@x.example>'],
    text: 'Grüße.\r\nFrom here on\r\n.\r\ntrailing space \r\n',
    html: '<html><body><h1>Grüße</h1><p>From here on</p></body></html>',
    files: [
      { name: 'scan.dcm', mediaType: 'application/dicom', data: dicomOf(30_000) },
      { name: 'notes.txt', mediaType: 'text/plain', data: Buffer.from('notes\r\n') },
    ],
  })
  const file = join(scratch, `${classification}.eml`)
  writeFileSync(file, mail)
  const { id, reply } = await submit(gateway.smtpPort, { from: AUTHOR, to, mail, password: gateway.password(AUTHOR) })
  if (!id) throw new Error(reply)
  const settled = await gateway.settled(id)
  await using records = await gateway.records()
  const recorded = (await records.read.message(id as MessageId))?.decision
  if (!recorded) throw new Error('no decision')
  mails.push({ file, to, recorded })
  for (const { address, receipt } of settled) {
    const decision = recorded.recipients.find((one) => one.address === address)
    if (receipt && decision) relay.set(address, { file: await lastMailTo(sink, address), receipt, decision })
  }

  const out = join(scratch, classification)
  const config = join(tenant.folder, 'secflow.yaml')
  const envelope = ['--from', AUTHOR, '--to', to.join(',')]
  const ran = await secflow([
    'protect',
    file,
    '--policy',
    tenant.policyDir,
    ...envelope,
    '--config',
    config,
    '--out',
    out,
  ])
  if (ran.code !== 0) throw new Error(`protect: ${ran.code} ${ran.out} ${ran.err}`)
  const decided = JSON.parse(readFileSync(join(out, 'decision.json'), 'utf8')) as Protected
  for (const copy of decided.files) {
    for (const address of copy.recipients) {
      const decision = decided.recipients.find((one) => one.address === address)
      if (decision) command.set(address, { file: join(out, copy.file), receipt: copy.receipts[address]!, decision })
    }
  }
}

/** The two faces of one recipient's copy. */
function facesOf(address: string): [Face, Face] {
  const pair = [relay.get(address), command.get(address)]
  if (!pair[0] || !pair[1]) throw new Error(`${address} is missing`)
  return [pair[0], pair[1]]
}

describe.each([
  ['plain', PLAIN],
  ['FileLink', LINK],
  ['S/MIME', SMIME],
  ['OpenPGP', PGP],
  ['PDF', PDF],
  ['portal', PORTAL],
])('%s', (kind, address) => {
  it('has the same structure: parts, types, names, encodings, header fields in order', async () => {
    const [a, b] = facesOf(address)
    expect(await structureOf(b.file, kind)).toEqual(await structureOf(a.file, kind))
  })

  it('is decided, and receipted, alike', () => {
    const [a, b] = facesOf(address)
    expect(b.decision).toEqual(a.decision)
    // The relay has also sent it, to a next hop without TLS, and says so last.
    const layers = [...b.receipt.layers, 'transport without TLS']
    expect(timeless({ ...b.receipt, layers })).toEqual(timeless(a.receipt))
  })
})

it('makes each kind of copy', () => {
  expect([...relay].map(([address, { receipt }]) => [address, receipt.method])).toEqual([
    [PLAIN, 'plain'],
    [LINK, 'plain'],
    [SMIME, 'smime'],
    [PGP, 'pgp'],
    [PDF, 'pdf'],
    [PORTAL, 'portal'],
  ])
  expect(relay.get(LINK)?.receipt.links).toMatchObject([{ name: 'scan.dcm', size: 30_000 }])
})

describe('the same bytes inside', () => {
  it('of a plain copy: all but the trace', () => {
    const [a, b] = facesOf(PLAIN)
    expect(withoutTrace(b.file)).toEqual(withoutTrace(a.file))
  })

  it('of the signed entity with a link: all but the token', () => {
    const [a, b] = facesOf(LINK).map(({ file }) => verified(file)) as [string, string]
    expect(a).toMatch(/portal\//)
    expect(normal(b)).toBe(normal(a))
  })

  it('of S/MIME', () => {
    const { certificate, key } = tenant.files.peer(SMIME)
    const [a, b] = facesOf(SMIME).map(({ file }, at) => {
      const inner = join(scratch, `smime-${at}`)
      execFileSync('openssl', ['cms', '-decrypt', '-in', file, '-recip', certificate, '-inkey', key, '-out', inner])
      return verified(inner)
    })
    expect(a).toContain('scan.dcm')
    expect(b).toBe(a)
  })

  it('of OpenPGP', async () => {
    await using gpg = await startGpg()
    await gpg.gpg(['--import', tenant.files.peer(PGP).pgp])
    await gpg.trust(readFileSync(join(tenant.files.directory, 'gateway.asc'), 'utf8'))
    const opened = await Promise.all(facesOf(PGP).map(({ file }) => gpg.gpg(['--decrypt', file])))
    for (const { stderr } of opened) expect(stderr).toContain('Good signature')
    expect(opened[0]?.stdout.toString('latin1')).toContain('scan.dcm')
    expect(opened[1]?.stdout.toString('latin1')).toBe(opened[0]?.stdout.toString('latin1'))
  })

  it('of the PDF: page and files', async () => {
    const { text } = await eventually('a password', () => sink.texts.find(({ to }) => to === '+4915100000006'))
    const secrets = JSON.parse(readFileSync(join(scratch, 'confidential/secrets.json'), 'utf8')) as { text: string }[]
    const passwords = [text, secrets[0]!.text].map((words) => words.split(': ').at(-1)!)
    expect(passwords[0]).not.toBe(passwords[1])
    const [a, b] = await Promise.all(
      facesOf(PDF).map(({ file }, at) => inPdf(file, passwords[at]!, join(scratch, `pdf-${at}`))),
    )
    expect(a?.page).toContain('From here on')
    expect(Object.keys(a?.files ?? {}).sort()).toEqual(['message.html', 'notes.txt', 'scan.dcm'])
    expect(b).toEqual(a)
  })

  it('of the notice for the portal', async () => {
    const [a, b] = await Promise.all(facesOf(PORTAL).map(async ({ file }) => normal(await textOf(file))))
    expect(a).toContain('/portal/demo/')
    expect(b).toBe(a)
  })
})

describe('policy explain and simulate', () => {
  it('agree with the decision on record', async () => {
    const facts = ['--facts', tenant.files.people, '--json']
    for (const { file, to, recorded } of mails) {
      const envelope = ['--from', AUTHOR, '--to', to.join(',')]
      const [explained, simulated] = await Promise.all([
        secflow(['policy', 'explain', tenant.policyDir, file, ...envelope, ...facts]),
        secflow(['policy', 'simulate', tenant.policyDir, file, ...envelope, ...facts]),
      ])
      const explanation = JSON.parse(explained.out) as { decision: Decision; revision: string }
      const simulation = JSON.parse(simulated.out) as { mails: { decision: Decision }[] }
      expect(explanation.revision).toBe(recorded.revision)
      for (const decision of [explanation.decision, simulation.mails[0]?.decision]) {
        expect({ ...decision, decisionId: '' }).toEqual({ ...recorded, decisionId: '' })
      }
    }
  })
})

/** Every part with its header, as far as it is not random or a time. Sizes where the method is deterministic. */
async function structureOf(file: string, kind: string) {
  await using source = await fileSource(file)
  const { parts, defects } = await indexMime(source)
  const received = parts[0]?.fields.findIndex(({ name }) => name === 'received') ?? -1
  const shape = parts.map(
    ({ id, depth, type, encoding, disposition, fileName, shape, fields, bodyStart, bodyEnd }) => ({
      depth,
      type,
      encoding,
      disposition,
      fileName,
      shape,
      header: fields
        // The mail's own trace stays; the gateway adds one field in front of it.
        .filter((_, at) => !(id === 0 && at === received && /by gateway\.test\.example/.test(String(fields[at]?.raw))))
        .map(({ raw }) => normal(raw.toString('latin1'))),
      // ECDSA and ECDH values vary in length by a byte or two.
      size: kind === 'OpenPGP' ? 'varies' : bodyEnd - bodyStart,
    }),
  )
  return { defects, shape }
}

/** Text without what is random or a time: boundaries, link tokens (over soft line breaks), hours. */
function normal(text: string): string {
  return text
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/\/portal\/demo\/[\w-]+/g, '/portal/demo/TOKEN')
    .replaceAll(/boundary="?[^";\s]+"?/g, 'boundary=B')
    .replaceAll(/^--[\w=.+-]{12,}$/gm, '--B')
    .replaceAll(/\b\d\d:\d\d\b/g, 'HH:MM')
}

const timeless = (receipt: Receipt) => ({ ...receipt, links: receipt.links.map(({ expiresAt: _, ...link }) => link) })

const withoutTrace = (file: string) =>
  readFileSync(file, 'latin1').replace(/^Received: [^\r]*\r\n(?:[ \t][^\r]*\r\n)*(?=Received:)/, '')

/** The signed content of a mail that verifies. */
function verified(file: string): string {
  const argv = ['cms', '-verify', '-in', file, '-CAfile', tenant.files.ca]
  return execFileSync('openssl', argv, { encoding: 'latin1', stdio: 'pipe' })
}

async function inPdf(mail: string, password: string, directory: string) {
  mkdirSync(directory)
  const file = await savePart(mail, 'application/pdf', `${directory}.pdf`)
  execFileSync('pdfdetach', ['-upw', password, '-saveall', '-o', directory, file])
  const files = readdirSync(directory).map((name) => {
    const hash = createHash('sha256').update(readFileSync(join(directory, name)))
    return [name, hash.digest('hex')]
  })
  const page = execFileSync('pdftotext', ['-layout', '-upw', password, file, '-'], { encoding: 'utf8' })
  return { page, files: Object.fromEntries(files) as Record<string, string> }
}
