/** Mail with rules of its own: what a rule wants of every mail is not done to what is signed, sealed, a meeting or a report. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpus, sampleOf } from '../support/corpus/corpus.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'

let tenant: OwnTenant
let gateway: Gateway

beforeAll(async () => {
  tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  const policyDir = join(tenant.folder, 'kinds')
  mkdirSync(policyDir)
  const { name, text } = ruleSet(
    rules(
      '{id: words, then: [{disclaimer: {text: "Demo GmbH, register 4711"}}]}',
      ...['type', 'extension'].map(
        (fact) =>
          `{id: programs-by-${fact}, when: {attachment: {any: {${fact}: exe}}}, onUnknown: hold, then: [{hold: {text: "no programs", approvers: [security@demo.example]}}]}`,
      ),
    ),
  )
  writeFileSync(join(policyDir, name), text)
  gateway = await startGateway({ folder: tenant.folder, settings: tenant.settings({ policyDir }) })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
})

let count = 0

/** Sends a message of the corpus as one of our people; the mail that arrived, or null, and where the recipient came to rest. */
async function sent(name: string, edit = (text: string) => text) {
  const to = `kind-${++count}@partner.example`
  const original = sampleOf(name).bytes.toString('latin1').replace('anna@sender.example', AUTHOR)
  const mail = Buffer.from(edit(original), 'latin1')
  const { id, reply } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [to],
    mail,
    password: gateway.password(AUTHOR),
    parameters: 'BODY=8BITMIME',
  })
  expect(reply).toMatch(/^250 /)
  const [recipient] = await gateway.settled(id)
  const file = gateway.sink.delivered.find(({ address }) => address === to)?.file
  return { mail, recipient: recipient!, arrived: file ? readFileSync(file) : null }
}
/** What the author was told of his mail with this subject. */
const noticesOf = (subject: string) =>
  gateway.sink.delivered.filter(
    ({ address, file }) => address === AUTHOR && readFileSync(file, 'latin1').includes(subject),
  )

describe('a disclaimer', () => {
  it('goes into ordinary mail', async () => {
    const { arrived } = await sent('outlook/plain')
    expect(arrived!.toString()).toContain('register 4711')
  })

  it.each(
    corpus
      .map(({ name }) => name)
      .filter((name) =>
        /^(meeting\/(request|reply|cancel|counter|only)|sealed\/(smime-clear-signed|smime-auth-enveloped|pgp-signed|pgp-encrypted|pgp-inline)|report\/(failed|disposition|feedback))$/.test(
          name,
        ),
      ),
  )('leaves every byte of %s', async (name) => {
    const { mail, arrived, recipient } = await sent(name)
    // Nobody sees into a sealed mail, so it is held where a rule asks for programs.
    if (/enveloped|encrypted/.test(name)) return expect(recipient.state).toBe('held')
    const body = mail.subarray(mail.indexOf('\r\n\r\n'))
    expect(arrived!.subarray(arrived!.indexOf('\r\n\r\n')).equals(body)).toBe(true)
  })
})

describe('a rule against programs', () => {
  it.each([
    'archive/a.zip',
    'archive/nested3-a.zip',
    'archive/a.tar.gz',
    'archive/a.tgz',
    'tnef/attached',
    'tnef/unnamed',
    'structure/forwarded-with-file',
    'structure/message-base64',
    'structure/message-as-file',
    'structure/twice-content-type',
    'structure/boundary-duplicate',
    'structure/preamble-like-a-part',
    'embedded/uuencode',
    'embedded/yenc',
    'embedded/uuencode-transfer',
    'name/both-different',
    'name/extended-other-type',
    'name/twice',
    'name/bidi',
    'size/exe-by-another-name',
    'sealed/signed-hides-a-file',
    'archive/locked-a.zip',
    'archive/a.7z',
    'archive/nested6-a.zip',
    'archive/damaged-a.gz',
    'tnef/cut',
    'structure/partial',
    'structure/external-body',
    'transfer/unknown',
  ])('holds %s, seen or in doubt', async (name) => {
    const { recipient, arrived } = await sent(name)
    expect({ name, state: recipient.state, arrived: arrived !== null }).toEqual({ name, state: 'held', arrived: false })
  })

  it('lets pass what was seen to the end', async () => {
    for (const name of ['gmail/three-levels', 'archive/a.pdf.gz', 'structure/digest', 'list/footer']) {
      expect({ name, state: (await sent(name)).recipient.state }).toEqual({ name, state: 'delivered' })
    }
  })
})

it('a mail that was held is told to its author, but not to a machine (RFC 3834)', async () => {
  const called = (subject: string, more = '') =>
    sent('archive/a.zip', (text) => `${more}${text.replace(/^Subject: .*$/m, `Subject: ${subject}`)}`)
  const { recipient } = await called('from-a-machine', 'Auto-Submitted: auto-generated\r\n')
  expect(recipient.state).toBe('held')
  await called('from-a-person')
  await expect.poll(() => noticesOf('from-a-person')).toHaveLength(1)
  expect(noticesOf('from-a-machine')).toEqual([])
})
