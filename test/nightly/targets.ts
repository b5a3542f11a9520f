/** What is fuzzed: each target makes its corpus once, then takes one input after another and throws at what must not be. */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parseMail } from '../../server/journey/parse/parse-mail.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import { readPolicyDirectory } from '../../server/policies/directory.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PolicyInput } from '../../shared/domain/index.ts'
import { decide } from '../../shared/policy/index.ts'
import { PROTECTION_TOKENS } from '../../shared/words/protection.ts'
import { tarOf, tnefOf, uuOf, yencOf } from '../support/corpus/containers.ts'
import { corpus } from '../support/corpus/corpus.ts'
import { hostile, zipOf } from '../support/mails.ts'
import { file, mail, policyOf, recipient } from '../support/policy.ts'
import { answered } from './answered.ts'
import { cms } from './cms-target.ts'
import { open } from './open-target.ts'
import { openpgp } from './openpgp-target.ts'
import { mutated, type Random } from './random.ts'

/** Takes one input made from `random`; throws when the reader does what it must not. */
type Target = (random: Random) => Promise<void>

async function mime(): Promise<Target> {
  const strange = Object.values(hostile).flatMap((one) => (Buffer.isBuffer(one) ? [one] : []))
  const pool = [...corpus.map(({ bytes }) => bytes), ...strange].filter((bytes) => bytes.length <= 16_384)
  const files = [
    { name: 'report.pdf', data: Buffer.from('%PDF-1.7 words') },
    { name: 'docs/run.exe', data: Buffer.from('MZ program') },
  ]
  const zip = zipOf(files)
  const containers = [
    zip,
    zipOf([
      { name: 'inner.zip', data: zip },
      { name: 'locked.txt', encrypted: true },
    ]),
    tarOf(files),
    gzipSync(tarOf(files)),
    tnefOf({ body: 'Words', files: files.map(({ name, data }) => ({ title: name, longName: name, data })) }),
    Buffer.from(`words\r\n${uuOf('run.exe', Buffer.alloc(200, 7))}`),
    yencOf('run.exe', Buffer.alloc(200, 7)),
  ]
  const wrapped = (data: Buffer) =>
    Buffer.from(
      `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n\r\n${data.toString('latin1').slice(0, 2_000)}\r\n--w\r\nContent-Type: x/y; name=a.tgz\r\nContent-Transfer-Encoding: base64\r\n\r\n${data.toString('base64')}\r\n--w--\r\n`,
      'latin1',
    )
  const marks = [
    '\n',
    '\r',
    '\r\n\r\n',
    '--',
    '=',
    ':',
    '"',
    '\0',
    '\xff',
    'boundary=',
    '\r\n--',
    ';',
    '=?utf-8?B?',
    '?=',
    "''%",
    'begin 644 a\r\n',
    '=ybegin name=',
    'PK\x01\x02',
    'PK\x05\x06',
    '\x1f\x8b',
    '\x78\x9f\x3e\x22',
    'Content-Type: ',
    'multipart/mixed',
    'message/rfc822',
    'Content-Transfer-Encoding: ',
    'quoted-printable',
    'base64',
    '*0*=',
    '(',
    ')',
    '\\',
    '<',
    '>',
    ',',
    '\t',
  ]
  return async (random) => {
    // What is packed is damaged inside of its encoding: flipped base64 would mostly end the file.
    const bytes = random.below(8) === 0 ? wrapped(mutated(random, containers, marks)) : mutated(random, pool, marks)
    const index = await answered(() => indexMime(bytesOf(bytes)))
    const parsed = await answered(() => parseMail(bytesOf(bytes)))
    if (index && parsed && index.parts.length !== parsed.index.parts.length) throw new Error('two readings of one mail')
    for (const part of index?.parts ?? []) {
      const ordered =
        part.line <= part.start &&
        part.start <= part.bodyStart &&
        part.bodyStart <= part.bodyEnd &&
        part.bodyEnd <= part.end &&
        part.end <= bytes.length
      if (!ordered) throw new Error(`part ${part.id} has ranges out of order`)
    }
    for (const [at, file] of parsed?.attachments?.entries() ?? []) {
      const inOrder = file.index === at && (file.within === undefined || file.within < at)
      const part = parsed!.attachmentParts[at]
      if (!inOrder || part === undefined || part >= parsed!.index.parts.length)
        throw new Error(`file ${at} has no place`)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a name is shown to people
      if (/[\u0000-\u001f/\\]/.test(file.name)) throw new Error(`file ${at} has a name nobody can show`)
    }
  }
}

const POLICIES = join(import.meta.dirname, '../../examples/demo/policies')

async function policy(): Promise<Target> {
  const loaded = policyOf(...(await readPolicyDirectory(POLICIES)))
  return async (random) => {
    const input = policyInput(random)
    const decision = decide(loaded, input)
    if (decision.decisionId !== decide(loaded, structuredClone(input)).decisionId)
      throw new Error('two decisions on one input')
    if (decision.recipients.length !== input.recipients.length) throw new Error('a recipient was lost')
    const confidential = ['confidential', 'secret'].includes(input.message.classification)
    for (const [at, { outcome, method }] of decision.recipients.entries()) {
      // The guarantee of the example policies, whatever the rules and the wish of the sender.
      const clear = outcome === 'deliver' && (method === null || method === 'tls')
      if (confidential && clear && input.recipients[at]!.external)
        throw new Error('confidential mail would leave in clear text')
      const planned = decision.copies.filter(({ recipients }) => recipients.includes(at)).length
      if (planned !== (outcome === 'deliver' ? 1 : 0))
        throw new Error(`${planned} copies for a recipient with ${outcome}`)
    }
  }
}

function policyInput(random: Random): PolicyInput {
  const maybe = <T>(value: T): T | undefined => (random.below(5) === 0 ? undefined : value)
  const state = () => random.pick(['valid', 'expired', 'revoked', 'untrusted', 'none'] as const)
  const keys = () => ({ ...(random.below(6) ? { smime: state() } : {}), ...(random.below(6) ? { pgp: state() } : {}) })
  const name = () => random.pick(['a.step', 'b.dcm', 'c.exe', 'd.xlsm', 'e.doc', 'f.pdf', 'noname', '', 'ü.zip'])
  const words = ['#NIS2', '#NIS25', 'Angebot', 'Lunch', '\u202e', '', 'Ihr Angebot 4711', 'x'.repeat(500)]
  const attachments = Array.from({ length: random.below(5) }, (_, index) => ({
    ...file(name(), random.below(2 ** random.below(40)), { macro: random.below(2) === 0 }),
    index,
  }))
  return mail({
    recipients: Array.from({ length: 1 + random.below(5) }, (_, at) => {
      const external = random.below(4) > 0
      const domain = external
        ? random.pick([
            'clinic.example',
            'eu.rival.example',
            'cad.supplier.example',
            'supp1ier.example',
            'xn--bcher-kva.example',
          ])
        : 'demo.example'
      return recipient({
        address: `r${at}@${domain}`,
        domain,
        external,
        direction: external ? 'outbound' : 'internal',
        keys: keys(),
        groups: random.below(3) ? [] : ['consumers'],
        phoneKnown: random.below(2) === 0,
        bcc: random.below(5) === 0,
      })
    }),
    ...(maybe(attachments) ? { attachments } : {}),
    message: {
      subject: `${random.pick(words)} ${random.pick(words)}`,
      classification: random.pick(['public', 'internal', 'confidential', 'secret']),
      direction: random.pick(['inbound', 'outbound', 'internal'] as const),
      content: random.pick([
        'plain',
        'smime-signed',
        'smime-encrypted',
        'pgp-encrypted',
        'calendar',
        'tnef',
        'report',
      ] as const),
      autoSubmitted: random.below(5) === 0,
      defects: random.below(4) ? [] : ['ambiguous'],
    },
    sender: {
      department: random.pick(['sales', 'engineering', 'operations', 'radiology', null]),
      address: random.pick(['a@demo.example', 'newsletter@demo.example']),
    },
    intent: {
      protection: Array.from({ length: random.below(3) }, () => ({
        token: random.pick(PROTECTION_TOKENS),
        ...(random.below(2) ? { reason: 'because' } : {}),
      })),
      source: random.pick(['none', 'header', 'stamp', 'api'] as const),
    },
  })
}

export const TARGETS: Readonly<Record<string, () => Promise<Target>>> = { mime, cms, openpgp, open, policy }
