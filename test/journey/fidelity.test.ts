/** With a policy that asks for nothing, mail leaves the running gateway as it came: the whole corpus, and what a DKIM signature says. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corpus, sampleOf, wireOf } from '../support/corpus/corpus.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'anna@sender.example'

let tenant: OwnTenant
let gateway: Gateway

beforeAll(async () => {
  tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  const policyDir = join(tenant.folder, 'nothing-to-do')
  mkdirSync(policyDir)
  const { name, text } = ruleSet('  rules: []')
  writeFileSync(join(policyDir, name), text)
  gateway = await startGateway({ folder: tenant.folder, settings: tenant.settings({ policyDir }) })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
})

/** Sends each mail to an address of its own, a few at a time; replies that are no 250, by name. */
async function sendAll(
  mails: readonly { readonly name: string; readonly bytes: Buffer; readonly parameters: string }[],
) {
  const refused = new Map<string, string>()
  const queue = [...mails.entries()]
  const lane = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [at, { name, bytes, parameters }] = next
      const sent = await submit(gateway.smtpPort, {
        from: AUTHOR,
        to: [addressOf(at)],
        mail: bytes,
        parameters,
        peer: `127.0.1.${1 + (at % 200)}`,
      })
      if (!sent.reply.startsWith('250')) refused.set(name, sent.reply)
    }
  }
  await Promise.all(Array.from({ length: 8 }, lane))
  return refused
}
const addressOf = (at: number) => `box-${at}@demo.example`

async function delivered(count: number): Promise<Map<string, Buffer>> {
  for (const until = Date.now() + 60_000; gateway.sink.delivered.length < count && Date.now() < until; ) {
    await new Promise((wait) => setTimeout(wait, 50))
  }
  return new Map(gateway.sink.delivered.map(({ address, file }) => [address, readFileSync(file)]))
}

/** Shapes that a relay damages most easily. */
const SIGNED = [
  'thunderbird/named-in-german',
  'exchange/three-levels',
  'lines/trailing-spaces',
  'lines/many-line-breaks',
  'lines/dots',
  'lines/empty-body',
  'lines/998',
  'meeting/request',
  'sealed/smime-clear-signed',
  'size/8bit-200-kb',
]

/** What stands before the sent bytes must be our trace field alone (RFC 5321 4.4), and what we found in a mail that is signed or encrypted. */
const TRACE = /^(?:X-Secflow-Verdict: [\w.-]+\r\n)?Received: from [^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n$/

/** What foreign gateways take as an order never passes (see docs/operate/ambiguities.md); every other byte does. */
function expected(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  return Buffer.from(
    `${text.slice(0, end).replace(/^(?:msip_labels|sensitivity):[^\r\n]*\r\n/gim, '')}${text.slice(end)}`,
    'latin1',
  )
}

describe('mail that no rule touches', () => {
  it('arrives byte for byte, whatever its shape', async () => {
    const mails = corpus
      .filter((sample) => wireOf(sample) !== 'refused')
      .map((sample) => ({ ...sample, parameters: `BODY=8BITMIME${wireOf(sample) === 'smtputf8' ? ' SMTPUTF8' : ''}` }))
    expect(mails.length).toBeGreaterThanOrEqual(300)
    const began = performance.now()
    const refused = await sendAll(mails)
    expect([...refused]).toEqual([])
    const boxes = await delivered(mails.length)
    const took = performance.now() - began
    const altered = mails.flatMap(({ name, bytes }, at) => {
      const got = boxes.get(addressOf(at))
      const wanted = [expected(bytes), Buffer.concat([bytes, Buffer.from('\r\n')])]
      const ends = wanted.slice(0, name === 'lines/header-only' ? 2 : 1)
      const end = ends.find((one) => got?.subarray(got.length - one.length).equals(one))
      const trace = end && got?.subarray(0, got.length - end.length).toString('latin1')
      return trace && TRACE.test(trace) ? [] : [name]
    })
    expect(altered).toEqual([])
    expect(took).toBeLessThan(30_000)
  })

  it('is refused where it cannot be carried, with a reason and nothing stored', async () => {
    const refusals = corpus.filter((sample) => wireOf(sample) === 'refused' && sample.name !== 'lines/no-final-break')
    for (const { name, bytes } of refusals) {
      const sent = await submit(gateway.smtpPort, {
        from: AUTHOR,
        to: ['b.example@demo.example'],
        mail: bytes,
        parameters: 'BODY=8BITMIME',
      })
      expect({ name, reply: sent.reply }).toEqual({ name, reply: expect.stringMatching(/^5\d\d 5\.\d\.\d/) })
    }
  })

  it.each(['simple/simple', 'relaxed/relaxed', 'relaxed/simple'])(
    'still has a valid DKIM signature (%s)',
    async (canonicalization) => {
      const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      const record = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`
      const resolver = async (name: string, type: string) => {
        if (type === 'TXT' && name === 's1._domainkey.sender.example') return [[record]]
        throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
      }
      const samples = SIGNED.map(sampleOf)
      const before = gateway.sink.delivered.length
      for (const { bytes } of samples) {
        const by = { signingDomain: 'sender.example', selector: 's1', privateKey: key }
        const { signatures } = await dkimSign(bytes, { ...by, canonicalization, signatureData: [by] })
        const mail = Buffer.concat([Buffer.from(signatures), bytes])
        const sent = await submit(gateway.smtpPort, {
          from: AUTHOR,
          to: ['e.lang@demo.example'],
          mail,
          parameters: 'BODY=8BITMIME',
        })
        expect(sent.reply).toMatch(/^250/)
      }
      await delivered(before + samples.length)
      const arrived = gateway.sink.delivered.slice(before)
      expect(arrived).toHaveLength(samples.length)
      for (const { file } of arrived) {
        const { results } = await dkimVerify(readFileSync(file), { resolver })
        expect(results.map(({ status }) => status.result)).toEqual(['pass'])
      }
      // The check itself can fail.
      const broken = readFileSync(arrived[0]!.file).toString('latin1').replace('Anna', 'Anne')
      const { results } = await dkimVerify(Buffer.from(broken, 'latin1'), { resolver })
      expect(results.map(({ status }) => status.result)).not.toEqual(['pass'])
    },
  )
})
