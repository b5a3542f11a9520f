/** Signatures of other software's making survive an edit beside them; archives of other software's making are read to the end. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseMail } from '../../server/journey/parse/parse-mail.ts'
import { outerFields } from '../../server/mime/content-of.ts'
import { editContent } from '../../server/mime/edit.ts'
import { editHeader } from '../../server/mime/header.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import { messageOf, writeEntity } from '../../server/mime/write.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { EXE, PDF } from '../support/corpus/sample.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { mailOf, mixedMail, multipartEntity, textEntity } from '../support/mails.ts'
import { type OpensslCa, opensslCa } from '../support/openssl-ca.ts'

let ca: OpensslCa
let gpg: Gpg
let scratch: string

beforeAll(async () => {
  ca = opensslCa('anna@example.org')
  gpg = await startGpg()
  scratch = mkdtempSync(join(tmpdir(), 'secflow-fidelity-'))
  await gpg.gpg(['--quick-generate-key', 'Anna <anna@example.org>', 'rsa2048', 'sign', 'never'])
})

afterAll(async () => {
  ca?.[Symbol.dispose]()
  await gpg?.[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true, force: true })
})

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const chunk of chunks) kept.push(chunk)
  return Buffer.concat(kept)
}

const block = { position: 'bottom', text: 'Inserted words', html: '<p>Inserted words</p>' } as const
/** Odd but legal: what a careless writer would tidy up. */
const INNER = 'Content-type:text/plain;charset=UTF-8\r\nX-Odd:  kept \r\n\r\nsigned words  \r\n\r\n.\r\n\r\n'

/** A text beside the entity; the mail after a header field and words in the text were added, and the entity in it. */
async function afterEdit(entity: Buffer, type: string): Promise<{ out: Buffer; part: Buffer }> {
  const mail = mailOf(multipartEntity('mixed', [textEntity('plain', 'beside it'), entity]))
  const source = bytesOf(mail)
  const index = await indexMime(source)
  const header = editHeader(outerFields(index), { set: [{ name: 'Subject', value: 'Another subject' }] })
  const content = editContent(source, index, { insert: [block] })
  const out = await collect(writeEntity(messageOf(header, content)))
  const again = await indexMime(bytesOf(out))
  const found = again.parts.find((one) => one.type === type)!
  expect(out.toString()).toContain('Inserted words')
  return { out, part: out.subarray(found.start, found.bodyEnd) }
}

describe('a signed or encrypted part', () => {
  it('is verified by openssl after an edit beside it', async () => {
    writeFileSync(ca.path('inner.txt'), INNER)
    const signed = ca.run(
      'cms',
      '-sign',
      '-binary',
      '-in',
      'inner.txt',
      '-signer',
      'rsa2048.crt',
      '-inkey',
      'rsa2048.key',
      '-crlfeol',
    )
    const entity = Buffer.from(
      signed
        .toString('latin1')
        .replace(/^MIME-Version: 1\.0\r?\n/, '')
        .replace(/\r?\n/g, '\r\n'),
      'latin1',
    )
    const { part } = await afterEdit(entity, 'multipart/signed')
    const verify = (bytes: Buffer) => {
      writeFileSync(ca.path('part.eml'), Buffer.concat([Buffer.from('MIME-Version: 1.0\r\n'), bytes]))
      return ca.succeeds(
        'cms',
        '-verify',
        '-in',
        'part.eml',
        '-CAfile',
        'ca.crt',
        '-purpose',
        'smimesign',
        '-out',
        'out.txt',
      )
    }
    expect(verify(part)).toBe(true)
    expect(verify(Buffer.from(part.toString('latin1').replace('signed words', 'forged words'), 'latin1'))).toBe(false)
  })

  it('is decrypted by openssl after an edit beside it', async () => {
    writeFileSync(ca.path('inner.txt'), INNER)
    const sealed = ca.run('cms', '-encrypt', '-binary', '-aes256', '-in', 'inner.txt', 'rsa2048.crt')
    const entity = Buffer.from(
      sealed
        .toString('latin1')
        .replace(/^MIME-Version: 1\.0\r?\n/, '')
        .replace(/\r?\n/g, '\r\n'),
      'latin1',
    )
    const { part } = await afterEdit(entity, 'application/pkcs7-mime')
    writeFileSync(ca.path('part.eml'), Buffer.concat([Buffer.from('MIME-Version: 1.0\r\n'), part]))
    ca.run(
      'cms',
      '-decrypt',
      '-binary',
      '-in',
      'part.eml',
      '-recip',
      'rsa2048.crt',
      '-inkey',
      'rsa2048.key',
      '-out',
      'out.txt',
    )
    expect(readFileSync(ca.path('out.txt'), 'latin1')).toBe(INNER)
  })

  it('is verified by gpg after an edit beside it', async () => {
    const { stdout: signature } = await gpg.gpg(['--armor', '--detach-sign'], Buffer.from(INNER))
    const armored = signature.toString().replace(/\r?\n/g, '\r\n')
    const entity = multipartEntity(
      'signed',
      [Buffer.from(INNER), Buffer.from(`Content-Type: application/pgp-signature\r\n\r\n${armored}`)],
      '; protocol="application/pgp-signature"; micalg=pgp-sha256',
    )
    const { out } = await afterEdit(entity, 'multipart/signed')
    const index = await indexMime(bytesOf(out))
    const [content, sign] = index.parts.find((one) => one.type === 'multipart/signed')!.children
    writeFileSync(gpg.path('signature.asc'), out.subarray(sign!.bodyStart, sign!.bodyEnd))
    const check = async (bytes: Buffer) => {
      writeFileSync(gpg.path('content.txt'), bytes)
      return (await gpg.gpg(['--verify', gpg.path('signature.asc'), gpg.path('content.txt')])).code
    }
    const bytes = out.subarray(content!.start, content!.bodyEnd)
    expect(await check(bytes)).toBe(0)
    expect(await check(Buffer.concat([bytes, Buffer.from('.')]))).not.toBe(0)
  })
})

describe('archives that others wrote', () => {
  const listed = async (name: string, data: Buffer) => {
    const mail = mixedMail({ files: [{ name, mediaType: 'application/octet-stream', data }] })
    const { attachments = [], message } = await parseMail(bytesOf(mail))
    const files = attachments.map((file) => [file.name, file.type, file.size, file.within])
    return { files, defects: message.defects, attachments }
  }
  const inFolder = (command: string, ...args: readonly string[]) =>
    execFileSync(command, args, { cwd: scratch, stdio: ['ignore', 'pipe', 'ignore'] })

  beforeAll(() => {
    mkdirSync(join(scratch, 'folder'))
    writeFileSync(join(scratch, 'folder/a.pdf'), Buffer.concat([PDF, Buffer.alloc(20_000, 0x20)]))
    writeFileSync(join(scratch, 'folder/run.exe'), EXE)
    writeFileSync(join(scratch, `folder/${'long-name-'.repeat(15)}.txt`), 'words to find\n')
  })
  const members = (within: number, long = true) =>
    expect.arrayContaining([
      ['a.pdf', 'pdf', PDF.length + 20_000, within],
      ['run.exe', 'exe', EXE.length, within],
      ...(long ? [[`${'long-name-'.repeat(15)}.txt`, null, 14, within]] : []),
    ])

  it('reads what zip packs, in a file and in a stream, with bytes in front', async () => {
    inFolder('zip', '-r', '-9', 'file.zip', 'folder')
    const packed = readFileSync(join(scratch, 'file.zip'))
    const stream = execFileSync('sh', ['-c', 'zip -r - folder'], { cwd: scratch, stdio: ['ignore', 'pipe', 'ignore'] })
    for (const data of [packed, stream, Buffer.concat([EXE, packed])]) {
      expect(await listed('files.zip', data)).toMatchObject({ files: members(0), defects: [] })
    }
    const { attachments } = await listed('files.zip', packed)
    expect(attachments.some(({ text }) => text === 'words to find\n')).toBe(true)
  })

  it('knows what zip locks', async () => {
    inFolder('zip', '-r', '-P', 'secret', 'locked.zip', 'folder')
    const { attachments, defects } = await listed('files.zip', readFileSync(join(scratch, 'locked.zip')))
    expect(defects).toEqual(['archive-locked'])
    expect(attachments.filter(({ encrypted }) => encrypted).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['files.zip', 'run.exe']),
    )
  })

  it.each(['ustar', 'gnu', 'pax'])('reads what tar packs (%s), plain and compressed', async (format) => {
    const tar = (...args: readonly string[]) => inFolder('tar', `--format=${format}`, ...args, '-cf', '-', 'folder')
    // The first format cannot name such a file.
    const kept = format === 'ustar' ? ['--exclude=*.txt'] : []
    const found = (within: number) => members(within, format !== 'ustar')
    expect(await listed('files.tar', tar(...kept))).toMatchObject({ files: found(0), defects: [] })
    expect(await listed('files.tar.gz', tar('-z', ...kept))).toMatchObject({ files: found(1), defects: [] })
  })
})
