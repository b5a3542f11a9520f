/** Ways of a PDF's password: by the portal, once for all by SMS, and for files alone; each opened with other people's programs. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PDFDocument } from 'pdf-lib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { codeIn, eventually, lastMailTo, mailsTo, partOf, savePart, textOf } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { submitFile } from '../support/scenario.ts'
import { visitor } from '../support/visitor.ts'

const FROM = 'v.kern@demo.example'
const PHONE = '+4915100000099'
const KEPT = 'kept@pdf.example'
const AT_ONCE = 'at-once@pdf.example'
const PORTAL = 'portal@pdf.example'
const ZIP = 'zip@pdf.example'
const PDFS = 'pdfs@pdf.example'
const BARE = 'bare@pdf.example'

const rule = (name: string, to: string, protect: string) =>
  `    - {id: ${name}, when: {recipient.address: ${to}}, then: [{protect: ${protect}}]}`
const RULES = `apiVersion: secflow/v1
kind: RuleSet
metadata: {name: passwords, layer: tenant, owner: owner@demo.example}
spec:
  rules:
${[
  rule('kept', `{in: [${KEPT}, ${AT_ONCE}]}`, '{anyOf: [pdf], password: {channel: sms, standing: 90d, groups: 5}}'),
  rule('portal', `{is: ${PORTAL}}`, '{anyOf: [pdf], password: {channel: portal}, reply: true, expires: 14d}'),
  rule('zip', `{in: [${ZIP}, ${BARE}]}`, '{anyOf: [pdf], password: {channel: sms}, container: zip}'),
  rule('pdfs', `{is: ${PDFS}}`, '{anyOf: [pdf], password: {channel: sender}, container: pdfs}'),
].join('\n')}
`

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const DATA = randomBytes(50_000)

let scratch: string
let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let report: Buffer

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-passwords-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  tenant = await ownTenant({ outside: sink.url, rules: [RULES] })
  tenant.people((facts) => {
    for (const address of [KEPT, AT_ONCE, PORTAL, ZIP, PDFS, BARE])
      facts.people.push({ address, phone: PHONE, language: 'en' })
  })
  gateway = await startGateway({ folder: tenant.folder, relayPort: sink.smtpPort, settings: tenant.settings() })
  const document = await PDFDocument.create()
  document.addPage().drawText('Quarterly report')
  report = Buffer.from(await document.save())
}, 60_000)
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

const at = (name: string) => join(gateway.folder, name)
const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/.{76}/g, '$&\r\n')
let number = 0

type Files = Readonly<Record<string, readonly [type: string, bytes: Buffer]>>

async function submit(to: string, files: Files = {}) {
  const parts = Object.entries(files).map(
    ([name, [type, bytes]]) =>
      `--b\r\nContent-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(bytes)}\r\n`,
  )
  const file = at(`mail-${++number}.eml`)
  writeFileSync(
    file,
    `From: Vera Kern <${FROM}>\r\nTo: ${to}\r\nSubject: Figures ${number}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <${number}@demo.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe figures are attached.\r\n${parts.join('')}--b--\r\n`,
  )
  return submitFile(gateway, { file, from: FROM, to: [to] })
}

async function send(to: string, files: Files = {}) {
  const before = sink.delivered.filter(({ address }) => address === to).length
  const id = await submit(to, files)
  const states = await gateway.settled(id)
  expect(states.map(({ state, detail }) => [state, detail ?? ''])[0]![0], JSON.stringify(states)).toBe('delivered')
  return { id, carrier: (await mailsTo(sink, to, before + 1)).at(-1)! }
}

async function texts(count: number): Promise<string[]> {
  return eventually(`${count} text messages`, () => {
    const found = sink.texts.filter(({ to }) => to === PHONE).map(({ text }) => text)
    return found.length >= count ? found : undefined
  })
}

const passwordIn = (text: string) => /\b[a-z]{5}(?:-[a-z]{5})+\b/.exec(text)?.[0] ?? ''

function opens(container: string, password: string): boolean {
  const file = at('typed.txt')
  writeFileSync(file, password)
  return spawnSync('qpdf', [`--password-file=${file}`, '--check', container], { stdio: 'pipe' }).status === 0
}

describe('a password that is kept', () => {
  it('is sent once, opens every mail, and is stored under the tenant’s key only', async () => {
    const first = await send(KEPT)
    const [text] = await texts(1)
    const password = passwordIn(text!)
    expect(password.split('-')).toHaveLength(5)
    expect(text).toContain('keep it')
    expect(await textOf(first.carrier)).toContain('text message')

    const second = await send(KEPT)
    expect(await textOf(second.carrier)).toContain('earlier messages')
    for (const [n, { carrier }] of [first, second].entries())
      expect(opens(await savePart(carrier, 'application/pdf', at(`kept-${n}.pdf`)), password)).toBe(true)
    expect(sink.texts.filter(({ to }) => to === PHONE)).toHaveLength(1)

    await using records = await gateway.records()
    const [key] = await records.read.keys({ kind: 'password', address: KEPT })
    expect(Buffer.from(key!.sealedPrivate!).toString('latin1')).not.toContain(password)
    for (const name of readdirSync(gateway.folder).filter((one) => one.includes('.db')))
      expect(readFileSync(at(name)).includes(password), name).toBe(false)
    expect(gateway.log()).not.toContain(password)
  })

  it('is one, though many mails ask for the first at the same time', async () => {
    const had = sink.texts.length
    const sent = await Promise.all(Array.from({ length: 6 }, () => submit(AT_ONCE)))
    for (const id of sent) expect((await gateway.settled(id)).map(({ state }) => state)).toEqual(['delivered'])
    await eventually('a text message', () => sink.texts[had])
    const passwords = new Set(sink.texts.slice(had).map(({ text }) => passwordIn(text)))
    expect(passwords.size).toBe(1)
    for (const [n, carrier] of (await mailsTo(sink, AT_ONCE, 6)).entries())
      expect(opens(await savePart(carrier, 'application/pdf', at(`at-once-${n}.pdf`)), [...passwords][0]!)).toBe(true)
  })
})

describe('a password in the portal', () => {
  it('is shown to who reads the mailbox, and the PDF leads to the page that takes the answer', async () => {
    const { carrier } = await send(PORTAL)
    const link = /https?:\/\/\S+\/portal\/\S+/.exec(await textOf(carrier))![0]
    const who = visitor(link)
    expect(passwordIn((await who.get()).text)).toBe('')
    const before = sink.delivered.filter(({ address }) => address === PORTAL).length
    expect((await who.post('/code/send')).status).toBe(303)
    const code = codeIn(await textOf((await mailsTo(sink, PORTAL, before + 1)).at(-1)!))
    expect((await who.post('/code', { code })).status).toBe(303)
    const shown = `${(await who.get()).text}${(await who.get('/body')).text}`
    const password = passwordIn(shown)
    expect(password).not.toBe('')
    expect(shown).not.toContain('The figures are attached')

    const container = await savePart(carrier, 'application/pdf', at('portal.pdf'))
    expect(opens(container, password)).toBe(true)
    expect(opens(container, `${password}x`)).toBe(false)
    const plain = at('portal-open.pdf')
    execFileSync('qpdf', ['--decrypt', '--qdf', `--password=${password}`, container, plain])
    expect(readFileSync(plain, 'latin1')).toContain(link)
    expect((await who.get()).text).toContain('reply')
  })
})

describe('files alone', () => {
  it('go in a ZIP archive that 7-Zip opens, and the text stays readable', async () => {
    const had = sink.texts.filter(({ to }) => to === PHONE).length
    const { carrier } = await send(ZIP, {
      'data.bin': ['application/octet-stream', DATA],
      'report.pdf': ['application/pdf', report],
    })
    const password = passwordIn((await texts(had + 1)).at(-1)!)
    expect(await textOf(carrier)).toMatch(/The figures are attached\.[\s\S]*attachments\.zip/)
    const archive = await savePart(carrier, 'application/zip', at('files.zip'))
    const out = at('files')
    execFileSync('7z', ['x', `-p${password}`, `-o${out}`, archive], { stdio: 'pipe' })
    expect(readdirSync(out).sort()).toEqual(['data.bin', 'report.pdf'])
    expect(sha256(readFileSync(join(out, 'data.bin')))).toBe(sha256(DATA))
    expect(readFileSync(carrier, 'latin1')).not.toContain(base64(DATA).slice(0, 60))
    expect(spawnSync('7z', ['t', '-pwrong', archive], { stdio: 'pipe' }).status).not.toBe(0)
  })

  it('a mail without files is locked as a whole', async () => {
    const { carrier } = await send(BARE)
    expect(readFileSync(carrier, 'latin1')).not.toContain('The figures are attached')
    await savePart(carrier, 'application/pdf', at('bare.pdf'))
  })

  it('attached PDFs get the password each, the sender passes it on, other files stay as they are', async () => {
    const { carrier } = await send(PDFS, {
      'data.bin': ['application/octet-stream', DATA],
      'report.pdf': ['application/pdf', report],
    })
    const password = passwordIn(await textOf(await lastMailTo(sink, FROM)))
    const locked = await savePart(carrier, 'application/pdf', at('locked.pdf'))
    expect(opens(locked, password)).toBe(true)
    expect(opens(locked, '')).toBe(false)
    expect(execFileSync('pdftotext', ['-upw', password, locked, '-']).toString()).toContain('Quarterly report')
    expect(sha256(await partOf(carrier, ({ type }) => type === 'application/octet-stream'))).toBe(sha256(DATA))
    expect(await textOf(carrier)).toContain('attached PDFs of this message open with a password')
  })
})
