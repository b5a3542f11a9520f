/** What we sign and seal is good for readers that are not ours: mailauth's verifier and dkimpy. */
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../server/journey/authenticate/authenticate.ts'
import { sealHeader } from '../../server/journey/seal/arc.ts'
import { resultsValue } from '../../server/journey/seal/authentication-results.ts'
import { hashOf } from '../../server/journey/seal/body-hash.ts'
import { signHeader } from '../../server/journey/seal/dkim.ts'
import { signWhole } from '../../server/journey/seal/sign-whole.ts'
import type { DkimKey } from '../../server/journey/seal/signing-key.ts'
import { parseHeader } from '../../server/mime/header.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import { headerBytes } from '../../server/mime/write.ts'
import { createResolver } from '../../server/platform/dns/resolver.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { Resolver } from '../../server/ports/dns.ts'
import { dkimKey, dkimOpinion } from '../support/dkim-oracle.ts'
import { startNameServer } from '../support/name-server.ts'

const rsa = dkimKey('rsa')
const ed = dkimKey('ed25519')
const other = dkimKey('rsa')
const records = {
  'r1._domainkey.author.example': rsa.record,
  'e1._domainkey.author.example': ed.record,
  'arc._domainkey.hop.example': rsa.record,
  'arc._domainkey.next.example': ed.record,
}
const DUAL: readonly DkimKey[] = [
  { domain: 'author.example', selector: 'r1', key: rsa.key, algorithm: 'rsa-sha256' },
  { domain: 'author.example', selector: 'e1', key: ed.key, algorithm: 'ed25519-sha256' },
]
const NOW = Date.now()

const HEADER = [
  'Received: from a by b; Mon, 23 Nov 2026 09:30:01 +0100',
  'From: Anna <anna@author.example>',
  'To: Bob <bob@reader.example>',
  'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=  folded',
  '\t over   two lines',
  'Date: Mon, 23 Nov 2026 09:30:00 +0100',
  'Message-ID: <one@author.example>',
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=utf-8',
]
const BODIES: readonly [string, string][] = [
  ['of some lines', 'one\r\n two  \t words \r\n\r\nend\r\n'],
  ['that is empty', ''],
  ['of empty lines', '\r\n\r\n\r\n'],
  ['with empty lines at its end', 'text\r\n\r\n\r\n\r\n'],
  ['without a line end', 'text'],
  ['with 8 bit', 'Grüße\r\n'],
  ['of 300 KB', 'a  line of text with spaces   \r\n'.repeat(10_000)],
]

async function signed(body: string, keys: readonly DkimKey[]): Promise<Buffer> {
  const { fields } = parseHeader(Buffer.from(`${HEADER.join('\r\n')}\r\n\r\n`))
  const hash = await hashOf(bytesOf(Buffer.from(body)).stream())
  return Buffer.concat([headerBytes([...(await signHeader(fields, hash, keys, NOW)), ...fields]), Buffer.from(body)])
}

/** Its thread takes half a second to start: one for all, over the resolver of the test that runs. */
let asked: Resolver
const verify = createAuthenticator({
  resolver: {
    validating: false,
    mx: (name) => asked.mx(name),
    addresses: (name, family) => asked.addresses(name, family),
    txt: (name) => asked.txt(name),
    ptr: (name) => asked.ptr(name),
    tlsa: (name) => asked.tlsa(name),
  },
  name: 'mx.reader.example',
})

async function verified(mail: Buffer, ours: Record<string, string> = records) {
  const names = await startNameServer(
    Object.fromEntries(
      Object.entries(ours).map(([name, text]) => [
        `TXT ${name}`,
        { answers: [{ type: 'TXT', name, data: text.match(/.{1,200}/g)!, ttl: 60 } as const] },
      ]),
    ),
  )
  try {
    asked = createResolver({ servers: [names.server], tryMs: 200, deadlineMs: 1_000 })
    const source = bytesOf(mail)
    return await verify({
      source,
      index: await indexMime(source),
      mailFrom: 'anna@author.example',
      origin: { peer: '192.0.2.1', helo: 'mail.author.example' },
    })
  } finally {
    await names.close()
  }
}

describe('a DKIM signature over a body', () => {
  it.each(BODIES)('%s is good for both verifiers, by RSA and by Ed25519', async (_name, body) => {
    const mail = await signed(body, DUAL)
    expect(dkimOpinion(mail, records).dkim).toEqual([true, true])
    const { facts, results } = await verified(mail)
    expect(facts).toMatchObject({ dkim: 'pass', dkimDomains: ['author.example'] })
    expect(results.filter((result) => result.startsWith('dkim=pass')).length).toBe(2)
  })

  it('of a mail of the gateway itself is good for both, and mail of another author stays as it is', async () => {
    const mail = Buffer.from(`${HEADER.join('\r\n')}\r\n\r\nYour code is 123456\r\n`)
    const whole = await signWhole(DUAL, mail, NOW)
    expect(whole.subarray(-mail.length)).toEqual(mail)
    expect(dkimOpinion(whole, records).dkim).toEqual([true, true])
    expect((await verified(whole)).facts.dkim).toBe('pass')
    const strange = Buffer.from(mail.toString().replace('anna@author.example', 'anna@notauthor.example'))
    expect(await signWhole(DUAL, strange, NOW)).toBe(strange)
  })

  it('is bad for both once a word or the subject is another', async () => {
    const mail = (await signed('pay 100\r\n', DUAL)).toString('latin1')
    for (const changed of [mail.replace('pay 100', 'pay 900'), mail.replace('two lines', 'two limes')]) {
      const bytes = Buffer.from(changed, 'latin1')
      expect(dkimOpinion(bytes, records).dkim).toEqual([false, false])
      expect((await verified(bytes)).facts).toMatchObject({ dkim: 'fail', dkimDomains: [] })
    }
  })

  it('is bad for both under the key of somebody else', async () => {
    const mail = await signed('text\r\n', DUAL.slice(0, 1))
    const stolen = { ...records, 'r1._domainkey.author.example': other.record }
    expect(dkimOpinion(mail, stolen).dkim).toEqual([false])
    expect((await verified(mail, stolen)).facts.dkim).toBe('fail')
  })
})

describe('an ARC chain', () => {
  async function sealed(mail: Buffer, domain: string, key: string, algorithm: DkimKey['algorithm'], results: string) {
    const source = bytesOf(mail)
    const { root } = await indexMime(source)
    const { facts } = await verified(mail)
    const chain = facts.arc === 'temperror' ? 'fail' : facts.arc
    const hash = await hashOf(source.stream(root.bodyStart))
    const about = { authResults: results, chain, at: NOW }
    const made = await sealHeader(root.fields, hash, { domain, selector: 'arc', key, algorithm }, about)
    return {
      ...made,
      mail: Buffer.concat([headerBytes([...made.fields, ...root.fields]), mail.subarray(root.bodyStart)]),
    }
  }
  const RESULTS = resultsValue('hop.example', ['dkim=pass header.i=@author.example', 'spf=pass'])

  it('of one set is good for both verifiers and names who sealed', async () => {
    const { mail } = await sealed(await signed('text\r\n', DUAL), 'hop.example', rsa.key, 'rsa-sha256', RESULTS)
    expect(dkimOpinion(mail, records).arc).toBe('pass')
    expect((await verified(mail)).facts).toMatchObject({ arc: 'pass', arcSealer: 'hop.example', dkim: 'pass' })
  })

  it('holds after a second hop, and is broken for both by who changes the body after it', async () => {
    const first = await sealed(await signed('text\r\n', DUAL), 'hop.example', rsa.key, 'rsa-sha256', RESULTS)
    const second = await sealed(first.mail, 'hop.example', rsa.key, 'rsa-sha256', RESULTS)
    expect(second.mail.toString()).toMatch(/ARC-Seal: i=2;[\s\S]*cv=pass/)
    expect(dkimOpinion(second.mail, records).arc).toBe('pass')
    const changed = Buffer.from(second.mail.toString().replace('\r\n\r\ntext', '\r\n\r\ntests'))
    expect(dkimOpinion(changed, records).arc).toBe('fail')
    expect((await verified(changed)).facts).toMatchObject({ arc: 'fail', arcSealer: null })
  })

  it('that came broken is sealed as broken, and after that never again', async () => {
    const first = await sealed(await signed('text\r\n', DUAL), 'hop.example', rsa.key, 'rsa-sha256', RESULTS)
    const changed = Buffer.from(first.mail.toString().replace('\r\n\r\ntext', '\r\n\r\ntests'))
    const failed = await sealed(changed, 'hop.example', rsa.key, 'rsa-sha256', RESULTS)
    expect(failed.mail.toString()).toMatch(/ARC-Seal: i=2;[\s\S]*cv=fail/)
    const again = await sealed(failed.mail, 'hop.example', rsa.key, 'rsa-sha256', RESULTS)
    expect(again).toMatchObject({ fields: [], why: expect.stringContaining('cv=fail') })
  })

  it('of 50 sets gets no more (RFC 8617 4.2.1)', async () => {
    let mail = await signed('text\r\n', DUAL)
    for (let set = 1; set <= 50; set++) mail = (await sealed(mail, 'hop.example', rsa.key, 'rsa-sha256', RESULTS)).mail
    expect((await verified(mail)).facts.arc).toBe('pass')
    const more = await sealed(mail, 'hop.example', rsa.key, 'rsa-sha256', RESULTS)
    expect(more.fields).toEqual([])
    expect(more.why).toContain('50')
  }, 60_000)

  it('whose keys cannot be asked for is not called broken', async () => {
    const { mail } = await sealed(await signed('text\r\n', DUAL), 'hop.example', rsa.key, 'rsa-sha256', RESULTS)
    const silent = createAuthenticator({
      resolver: createResolver({ servers: ['127.0.0.1:1'], tryMs: 50, deadlineMs: 200 }),
      name: 'mx.reader.example',
      lookUpsMs: 500,
    })
    const source = bytesOf(mail)
    const { facts, results } = await silent({
      source,
      index: await indexMime(source),
      mailFrom: 'anna@author.example',
      origin: { peer: '192.0.2.1' },
    })
    expect(facts).toMatchObject({ spf: 'temperror', dkim: 'temperror', dmarc: 'temperror', arc: 'temperror' })
    expect(results.some((result) => result.startsWith('arc='))).toBe(false)
  })
})
