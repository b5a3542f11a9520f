/** One confidential mail, six recipients, four methods: each opens it with the software they have, and none sees the hidden ones. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoFiles } from '../../server/demo/tenant.ts'
import { openFileBlobs } from '../../server/platform/blobs/files.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { codeIn, eventually, fieldNames, lastMailTo, linkIn, mailsTo, savePart, textOf } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { type OpensslCa, opensslCa } from '../support/openssl-ca.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { type SentScenario, scenarioOf, sendScenario } from '../support/scenario.ts'
import { visitor } from '../support/visitor.ts'

const CERT = 'cert@partner.example'
const PGP = 'pgp@partner.example'
const PHONE = 'phone@partner.example'
const NOTHING = 'nothing@partner.example'
const HIDDEN_CERT = 'hidden-cert@partner.example'
const HIDDEN_PGP = 'hidden-pgp@partner.example'
const VISIBLE = [CERT, PGP, PHONE, NOTHING]
const EVERYBODY = [...VISIBLE, HIDDEN_CERT, HIDDEN_PGP]
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

let tenant: OwnTenant
let other: OpensslCa
let gpg: Gpg
let gateway: Gateway
let mail: SentScenario
const delivered = new Map<string, string>()

beforeAll(async () => {
  tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  // Two more correspondents, with keys that openssl and gpg made.
  other = opensslCa(HIDDEN_CERT)
  gpg = await startGpg()
  await gpg.gpg(['--quick-generate-key', `Hidden <${HIDDEN_PGP}>`, 'future-default', 'default', '1d'])
  const armored = (await gpg.gpg(['--armor', '--export', HIDDEN_PGP])).stdout.toString()
  tenant.people((facts) => {
    facts.anchors.push(readFileSync(other.path('ca.crt'), 'utf8'))
    facts.people.push({ address: HIDDEN_CERT, smime: readFileSync(other.path('rsa2048.crt'), 'utf8') })
    facts.people.push({ address: HIDDEN_PGP, pgp: armored })
  })
  gateway = await startGateway({ folder: tenant.folder })
  const scenario = scenarioOf('S5')
  const fields = [
    ...(scenario.fields ?? []),
    ['Bcc', `${HIDDEN_CERT}, ${HIDDEN_PGP}`],
    ['X-Internal-Ticket', 'B-4'],
    ['X-Demo-Case', 'board'],
    ['X-Secflow-Stamp', 'forged'],
  ] as const
  mail = await sendScenario(gateway, { ...scenario, fields }, EVERYBODY)
  for (const address of EVERYBODY) delivered.set(address, await lastMailTo(gateway.sink, address))

  const files = demoFiles(gateway.folder)
  await gpg.trust(readFileSync(files.peer(PGP).pgp, 'utf8'))
  await gpg.trust(readFileSync(join(files.directory, 'gateway.asc'), 'utf8'))
}, 120_000)
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await gpg?.[Symbol.asyncDispose]()
  other?.[Symbol.dispose]()
  tenant?.[Symbol.dispose]()
})

const at = (name: string) => join(gateway.folder, name)

/** Content-Type and body as the author's program wrote them. */
function original(): Buffer {
  const bytes = readFileSync(mail.file)
  return bytes.subarray(bytes.indexOf('Content-Type: multipart/mixed'))
}

/** `openssl cms -decrypt`, then `-verify`: what the signature covers. */
function smimeContent(address: string, certificate: string, key: string): Buffer {
  const [signed, content, signer] = [at(`${address}.signed`), at(`${address}.content`), at(`${address}.signer`)]
  const openssl = (...args: string[]) => execFileSync('openssl', ['cms', ...args], { stdio: 'pipe' })
  openssl('-decrypt', '-in', delivered.get(address)!, '-recip', certificate, '-inkey', key, '-out', signed)
  const ca = demoFiles(gateway.folder).ca
  openssl('-verify', '-in', signed, '-CAfile', ca, '-signer', signer, '-out', content)
  const email = execFileSync('openssl', ['x509', '-in', signer, '-noout', '-email'], { encoding: 'utf8' })
  expect(email.trim()).toBe('leitstelle@demo.example')
  return readFileSync(content)
}

async function pgpContent(address: string): Promise<Buffer> {
  const { code, stdout, stderr } = await gpg.gpg(['--decrypt', delivered.get(address)!])
  expect(code, stderr).toBe(0)
  expect(stderr).toMatch(/Good signature from "Demo GmbH <gateway@demo\.example>"/)
  return stdout
}

describe('every recipient opens it with what they have', () => {
  it('S/MIME: openssl decrypts and verifies the content as it was written', () => {
    const { certificate, key } = demoFiles(gateway.folder).peer(CERT)
    expect(smimeContent(CERT, certificate, key).equals(original())).toBe(true)
  })

  it('OpenPGP: gpg decrypts with a good signature, to the identical entity', async () => {
    const { certificate, key } = demoFiles(gateway.folder).peer(CERT)
    const content = await pgpContent(PGP)
    expect(content.equals(smimeContent(CERT, certificate, key))).toBe(true)
    expect(content.equals(original())).toBe(true)
  })

  it('PDF: qpdf opens it with the password from the SMS, the attachment is the same', async () => {
    const container = await savePart(delivered.get(PHONE)!, 'application/pdf', at('container.pdf'))
    const texts = () => gateway.sink.texts.find(({ to }) => to === '+4915100000006')
    const password = (await eventually('the text message', texts)).text.split(': ').at(-1)!.trim()
    writeFileSync(at('password'), password)
    execFileSync('qpdf', [`--password-file=${at('password')}`, '--check', container], { stdio: 'pipe' })
    mkdirSync(at('detached'))
    execFileSync('pdfdetach', ['-saveall', '-o', at('detached'), '-upw', password, container])
    const found = readdirSync(at('detached')).map((name) => sha256(readFileSync(join(at('detached'), name))))
    expect(found).toContain(mail.hashes.get('Minutes.pdf'))
  })

  it('portal: the notice leads to the message by a code', async () => {
    const who = visitor(await linkIn(delivered.get(NOTHING)!))
    expect((await who.get()).text).not.toContain('board')
    expect((await who.post('/code/send')).status).toBe(303)
    const code = codeIn(await textOf((await mailsTo(gateway.sink, NOTHING, 2)).at(-1)!))
    expect((await who.post('/code', { code })).status).toBe(303)
    const page = await who.get()
    expect(page.text).toContain('Minutes of the board meeting')
    expect(page.text).toContain('Budget 2027')
    const file = /href="([^"]+\/attachments\/[^"/]+)"/.exec(page.text)?.[1]
    const bytes = Buffer.from(await (await who.open(file!)).arrayBuffer())
    expect(sha256(bytes)).toBe(mail.hashes.get('Minutes.pdf'))
  })

  it('tells the sender which method each of them got', () => {
    const methods = Object.fromEntries(mail.recipients.map(({ address, receipt }) => [address, receipt?.method]))
    expect(methods).toEqual({
      [CERT]: 'smime',
      [PGP]: 'pgp',
      [PHONE]: 'pdf',
      [NOTHING]: 'portal',
      [HIDDEN_CERT]: 'smime',
      [HIDDEN_PGP]: 'pgp',
    })
  })
})

describe('hidden recipients', () => {
  it('get a copy of their own, with the same content', async () => {
    const content = smimeContent(HIDDEN_CERT, other.path('rsa2048.crt'), other.path('rsa2048.key'))
    expect(content.equals(original())).toBe(true)
    expect((await pgpContent(HIDDEN_PGP)).equals(original())).toBe(true)
    const copies = mail.recipients.map(({ copy }) => copy)
    expect(new Set(copies).size).toBe(EVERYBODY.length)
  })

  it('are not among the recipients of any other CMS message', () => {
    for (const address of [CERT, HIDDEN_CERT]) {
      const print = execFileSync('openssl', ['cms', '-cmsout', '-print', '-in', delivered.get(address)!], {
        encoding: 'utf8',
      })
      expect(print.match(/d\.ktri/g), address).toHaveLength(1)
    }
    const strange = ['-recip', other.path('rsa2048.crt'), '-inkey', other.path('rsa2048.key')]
    const decrypt = spawnSync('openssl', ['cms', '-decrypt', '-in', delivered.get(CERT)!, ...strange])
    expect(decrypt.status).not.toBe(0)
  })

  it('are not among the recipients of any other OpenPGP message', async () => {
    const keys: string[][] = []
    for (const address of [PGP, HIDDEN_PGP]) {
      const { stdout } = await gpg.gpg(['--list-packets', delivered.get(address)!])
      keys.push([...stdout.toString().matchAll(/^:pubkey enc packet:.* keyid ([0-9A-F]+)/gm)].map(([, id = '']) => id))
    }
    expect(keys.map((ids) => ids.length)).toEqual([1, 1])
    expect(keys[0]).not.toEqual(keys[1])
  })

  it('are named in no mail that another one gets', () => {
    for (const [address, file] of delivered) {
      const text = readFileSync(file, 'latin1')
      expect(fieldNames(file), address).not.toContain('bcc')
      for (const hidden of [HIDDEN_CERT, HIDDEN_PGP]) expect(text, `${address}: ${hidden}`).not.toContain(hidden)
    }
  })
})

describe('what stays in the house', () => {
  it('no copy carries a header that steers or that is internal', () => {
    expect(delivered.size).toBe(6)
    for (const [address, file] of delivered) {
      expect(
        fieldNames(file).filter((name) => /^x-(secflow|internal|demo-case)/.test(name)),
        address,
      ).toEqual([])
      expect(readFileSync(file, 'latin1'), address).not.toMatch(/X-(Secflow|Internal|Demo)-/i)
    }
  })

  it('the archive gives back by id what was accepted, and gives nothing up before its time', async () => {
    const demo = tenantId('demo')
    await using records = await gateway.records()
    const archived = await eventually('the archive', async () =>
      (await records.read.audit({ message: mail.id, limit: 1_000 })).find(({ type }) => type === 'message.archived'),
    )
    const blobs = await openFileBlobs({ root: at('blobs'), reserveBytes: 0 })
    await using content = await blobs.open(demo, 'archive', mail.id)
    const bytes = await content.read(0, content.size)
    const record = await records.read.message(mail.id)
    expect(sha256(bytes)).toBe(record?.digest)
    // The trace of this hop stands before what the client sent, which is there byte for byte.
    const submitted = readFileSync(mail.file)
    expect(bytes.subarray(-submitted.length).equals(submitted)).toBe(true)
    expect(bytes.subarray(0, -submitted.length).toString()).toMatch(/^Received: [^\r\n]+(\r\n[ \t][^\r\n]+)*\r\n$/)
    expect(archived.detail).toMatchObject({ store: 'journal', archived: [{ id: mail.id, sha256: record?.digest }] })

    const years = (Date.parse(String(archived.detail.retainUntil)) - record!.acceptedAt) / (365 * 86_400_000)
    expect(years).toBeCloseTo(10, 2)
    await expect(blobs.delete(demo, 'archive', mail.id)).rejects.toMatchObject({ code: 'blob-locked' })
    const early = await openFileBlobs({
      root: at('blobs'),
      reserveBytes: 0,
      clock: { now: () => Date.now() + 9 * 365 * 86_400_000 },
    })
    await expect(early.delete(demo, 'archive', mail.id)).rejects.toMatchObject({ code: 'blob-locked' })
    await using still = await blobs.open(demo, 'archive', mail.id)
    expect(still.size).toBe(content.size)
    await expect(blobs.open(tenantId('other'), 'archive', mail.id)).rejects.toMatchObject({ code: 'blob-missing' })
  })
})
