import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type BundleSigner,
  buildBundle,
  decide,
  loadPolicy,
  openBundle,
  type PolicyFile,
  type ReadOptions,
  readBundle,
} from '../../shared/policy/index.ts'
import { canonicalJson } from '../../shared/policy/text/canonical.ts'
import { mail, ruleSet, rules } from '../../test/support/policy.ts'
import { bundleSigner, trustRoots } from './bundle-sign.ts'
import { readPayload, sha256 } from './native.ts'

const pair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    signer: bundleSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}
const anna = pair()
const stranger = pair()
const trust = trustRoots([{ id: 'anna', publicKey: anna.publicKey }])
const options: ReadOptions = { trust, currentSerial: 0 }

const good = ruleSet(
  `  preference: [portal, tls]\n${rules(
    '{id: b, title: Grüße, when: {message.subject: {containsTag: 1.0}}, then: [{reject: {text: no}}]}',
    '{id: a, when: {attachments.totalSize: {gte: 1_000}}, then: [receipt]}'.replace('1_000', '1KB'),
  )}`,
)
const build = (signer: BundleSigner | null, serial = 7, files: readonly PolicyFile[] = [good]): string =>
  buildBundle(files, { serial, createdAt: '2026-03-02T10:00:00Z', signer }).text!

interface Envelope {
  payloadType: string
  payload: string
  signatures: { keyid?: string; sig: string }[]
}
const signed = build(anna.signer)
const altered = (change: (envelope: Envelope) => void): string => {
  const envelope = JSON.parse(signed) as Envelope
  change(envelope)
  return JSON.stringify(envelope)
}
interface Payload {
  manifest: Record<string, unknown> & { files: { name: string; sha256: string }[] }
  files: string[]
}
/** A bundle whose payload somebody with the key changed before signing. */
const resigned = (change: (payload: Payload) => void): string => {
  const { payloadType, payload } = JSON.parse(signed) as Envelope
  const content = JSON.parse(Buffer.from(payload, 'base64').toString()) as Payload
  change(content)
  const body = Buffer.from(
    canonicalJson(content).replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body])
  const sig = Buffer.from(anna.signer.sign(pae)).toString('base64')
  return JSON.stringify({
    payloadType,
    payload: body.toString('base64'),
    signatures: [{ keyid: anna.signer.keyid, sig }],
  })
}
/** The same with its set changed, and hashes and revision to match. */
const rewritten = (change: (text: string) => string): string =>
  resigned((payload) => {
    const text = change(payload.files[0]!)
    payload.files[0] = text
    payload.manifest.files[0]!.sha256 = sha256(text)
    payload.manifest.revision = sha256(`[${text}]`)
  })
interface SetDocument {
  readonly spec: { readonly rules: readonly unknown[] }
}
const reordered = (text: string, change: (set: SetDocument) => object) => JSON.stringify(change(JSON.parse(text)))
const codes = (text: string, more: Partial<ReadOptions> = {}) => {
  const { policy, diagnostics } = readBundle(text, { ...options, ...more })
  expect(policy).toBeNull()
  return diagnostics.map(({ code }) => code)
}

describe('a bundle', () => {
  it('carries the policy with its revision and meaning', () => {
    const { policy, bundle, diagnostics } = readBundle(signed, options)
    const direct = loadPolicy([good]).policy!
    expect(diagnostics).toEqual([])
    expect(policy?.revision).toBe(direct.revision)
    expect(bundle).toMatchObject({ signer: 'anna', manifest: { serial: 7, minEngine: 1, revision: direct.revision } })
    for (const subject of ['x 1.0', 'x 1', 'x'])
      expect(decide(policy!, mail({ message: { subject } }))).toEqual(decide(direct, mail({ message: { subject } })))
    expect(decide(policy!, mail({ message: { subject: 'x 1.0' } })).recipients[0]?.outcome).toBe('reject')
    expect(decide(policy!, mail({ message: { subject: 'x 1' } })).recipients[0]?.outcome).toBe('deliver')
  })
  it('is the same bytes for the same content, and does not hold its layout', () => {
    const other = { ...good, text: good.text.replace('    - {id: a', '\n    # note\n    - {id: a') }
    expect(build(anna.signer, 7, [other])).toBe(signed)
    expect(openBundle(signed, { ...options, sha256, readPayload }).bundle).toEqual(openBundle(signed, options).bundle)
  })
  it('of a policy with errors is not made', () => {
    const { text, diagnostics } = buildBundle([{ name: 'x.yaml', text: 'kind: [' }], {
      serial: 1,
      createdAt: '2026-03-02T10:00:00Z',
      signer: null,
    })
    expect(text).toBeNull()
    expect(diagnostics).toMatchObject([{ code: 'yaml-syntax', file: 'x.yaml' }])
    expect(() => build(null, 0)).toThrow(RangeError)
  })
  it('may be unsigned only where no trust root is set', () => {
    expect(codes(build(null))).toEqual(['bundle-unsigned'])
    expect(readBundle(build(null), { ...options, trust: null }).bundle).toMatchObject({ signer: null })
  })
  it.each([
    ['no signature', altered((e) => Object.assign(e, { signatures: [] })), 'bundle-unsigned'],
    ['no key id', altered((e) => void delete e.signatures[0]!.keyid), 'bundle-key'],
    ['an unknown key', build(stranger.signer), 'bundle-key'],
    [
      "another's signature under a known id",
      altered((e) => {
        e.signatures[0]!.sig = (JSON.parse(build(stranger.signer)) as Envelope).signatures[0]!.sig
      }),
      'bundle-signature',
    ],
    [
      'an empty signature',
      altered((e) => {
        e.signatures[0]!.sig = ''
      }),
      'bundle-signature',
    ],
    [
      'a good signature and a bad one',
      altered((e) => void e.signatures.push({ ...e.signatures[0]!, sig: '' })),
      'bundle-signature',
    ],
    [
      'another payload',
      altered((e) => {
        e.payload = (JSON.parse(build(anna.signer, 8)) as Envelope).payload
      }),
      'bundle-signature',
    ],
    ['another type', altered((e) => Object.assign(e, { payloadType: 'application/json' })), 'bundle-format'],
    ['a strange member', altered((e) => void Object.assign(e, { x: 1 })), 'bundle-damaged'],
    ['half of it', signed.slice(0, signed.length / 2), 'bundle-damaged'],
    ['no JSON', 'apiVersion: secflow/v1', 'bundle-damaged'],
    ['null', 'null', 'bundle-damaged'],
    [
      'a changed rule, signed',
      resigned((p) => {
        p.files[0] = p.files[0]!.replace('no', 'na')
      }),
      'bundle-hash',
    ],
    ['a file that the manifest does not know', resigned((p) => void p.files.push('{}')), 'bundle-damaged'],
    [
      'another revision',
      resigned((p) => {
        p.manifest.revision = '0'.repeat(64)
      }),
      'bundle-revision',
    ],
    [
      'a newer engine',
      resigned((p) => {
        p.manifest.minEngine = 99
      }),
      'bundle-engine',
    ],
    [
      'a newer format',
      resigned((p) => void Object.assign(p.manifest, { format: 'secflow-policy-bundle/v2', more: 1 })),
      'bundle-format',
    ],
    [
      'a serial that is none',
      resigned((p) => {
        p.manifest.serial = 1.5
      }),
      'bundle-damaged',
    ],
    ['a set that is not canonical', rewritten((text) => ` ${text}`), 'bundle-revision'],
    [
      'keys in another order',
      rewritten((text) => reordered(text, (set) => Object.fromEntries(Object.entries(set).reverse()))),
      'bundle-revision',
    ],
    [
      'rules in another order',
      rewritten((text) =>
        reordered(text, (set) => ({ ...set, spec: { ...set.spec, rules: set.spec.rules.toReversed() } })),
      ),
      'bundle-revision',
    ],
    [
      'a number in a form it does not need',
      rewritten((text) => text.replace('"reject":{', '"reject":{"x":{"$number":[1,"1"]},')),
      'bundle-revision',
    ],
    [
      'a rule that is nothing',
      rewritten((text) => reordered(text, (set) => ({ ...set, spec: { ...set.spec, rules: [null] } }))),
      'wrong-type',
    ],
    ['a set with an error', rewritten((text) => text.replace('"reject"', '"rejekt"')), 'unknown-action'],
  ])('with %s is refused', (_what, text, code) => {
    expect(codes(text)).toEqual([code])
  })
  it.each([
    ['in lines', JSON.stringify(JSON.parse(signed), null, 2)],
    ['in another order', JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(signed)).reverse()))],
    ['by a writer that escapes a slash', signed.replaceAll('/', '\\/')],
    ['by a writer that escapes a letter', signed.replace('"payload":"e', '"payload":"\\u0065')],
    ['with a payload that a later one replaces', signed.replace('{', '{"payload":"AAAA",')],
  ])('is read with its envelope written %s', (_what, text) => {
    expect(text).not.toBe(signed)
    expect(openBundle(text, options).bundle).toEqual(openBundle(signed, options).bundle)
  })
  it.each(['"payload":"AAAA"', '"p\\u0061yload":"AAAA"', '"payload":""', '"payload":0'])(
    'is refused with %s behind its payload',
    (more) => {
      expect(codes(signed.replace(/}$/, `,${more}}`))).toHaveLength(1)
    },
  )
  it('does not go back: its serial has to rise', () => {
    expect(codes(signed, { currentSerial: 7 })).toEqual(['bundle-serial'])
    expect(codes(signed, { currentSerial: 8 })).toEqual(['bundle-serial'])
    expect(readBundle(signed, { ...options, currentSerial: 6 }).policy).not.toBeNull()
  })
})

describe('keys', () => {
  it('other than Ed25519 are refused', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = (key: typeof privateKey) =>
      key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }).toString()
    expect(() => bundleSigner(pem(privateKey))).toThrow('not Ed25519')
    expect(() => trustRoots([{ id: 'x', publicKey: pem(publicKey) }])).toThrow('not Ed25519')
    expect(() => bundleSigner('x')).toThrow('not a PEM key')
    expect(trustRoots([])).toBeNull()
  })
})
