/** 50,000 damaged CMS containers: no crash, none over a second, no growth over 64 MB, nothing but the content (nightly: more). */
import { expect, it } from 'vitest'
import { openEnveloped, openSigned } from '../../server/journey/transform/smime/index.ts'
import { CONTENT, opensslSamples } from '../nightly/cms-target.ts'
import { FUZZED_MS, fuzzed } from '../support/fuzzed.ts'

const { enveloped, signed, identities, anchor } = opensslSamples()
const bytewise = (data: Buffer) =>
  async function* () {
    for (let at = 0; at < data.length; at++) yield data.subarray(at, at + 1)
  }

it.each([...enveloped])('%s of openssl opens as it arrives byte by byte', async (name, data) => {
  const opened = await openEnveloped(bytewise(data), identities, { legacy: { tripleDes: true } })
  await using content = opened.content
  expect((await content.read(0, content.size)).toString()).toBe(CONTENT)
  expect(opened.authenticated).toBe(name.includes('gcm'))
})

it.each([...signed])('%s of openssl verifies as it arrives byte by byte', async (_, data) => {
  const verified = await openSigned(bytewise(data), {
    anchors: [anchor],
    at: Date.UTC(2027, 0, 1),
    certificates: identities.map(({ certificate }) => certificate),
  })
  await using content = verified.content
  expect((await content.read(0, content.size)).toString()).toBe(CONTENT)
  expect(verified.signers).toMatchObject([{ trust: null }])
})

it('Triple DES stays closed unless it is asked for', async () => {
  const data = enveloped.get('rsa-3des.der')!
  await expect(openEnveloped(bytewise(data), identities)).rejects.toMatchObject({ code: 'container-malformed' })
})

it('reads 50,000 damaged containers in bounded time and memory', { timeout: FUZZED_MS }, () => fuzzed('cms', 50_000))
