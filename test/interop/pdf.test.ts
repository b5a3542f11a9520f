/** The PDF container in the hands of other people's readers: qpdf and poppler. */
import { execFile, execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ContainerFile, encryptedContainer, encryptedPdf } from '../../server/journey/transform/pdf/container.ts'
import { createDocumentRenderer } from '../../server/journey/transform/pdf/renderer.ts'
import type { DocumentRenderer } from '../../server/ports/document.ts'

const run = promisify(execFile)
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

let directory: string
let renderer: DocumentRenderer
let page: Buffer

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'secflow-pdf-'))
  renderer = createDocumentRenderer()
  page = await renderer.render({
    language: 'de',
    from: 'Jörg Müller <joerg@clinic.example>',
    to: ['empfänger@example.org'],
    subject: 'Größe der Übersicht',
    date: Date.UTC(2026, 10, 23, 12),
    text: '',
    html: '<p>Sehr geehrte <b>Frau Škvorecký</b>, die Werte Ελληνικά und Русский folgen.</p>',
    files: [],
  })
})
afterAll(async () => {
  await renderer?.close()
  rmSync(directory, { recursive: true, force: true })
})

const file = (name: string, data: Buffer, mediaType = 'application/octet-stream'): ContainerFile => ({
  name,
  mediaType,
  size: data.length,
  modified: Date.UTC(2026, 0, 2),
  async *stream() {
    for (let at = 0; at < data.length; at += 100_000) yield data.subarray(at, at + 100_000)
  },
})

async function write(
  name: string,
  files: readonly ContainerFile[],
  user: string,
  owner: string | null,
): Promise<string> {
  const path = join(directory, name)
  const options = { page, files, userPassword: user, ownerPassword: owner, time: Date.UTC(2026, 10, 23) }
  const chunks: Buffer[] = []
  for await (const chunk of encryptedPdf(options)) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  expect(bytes).toHaveLength((await encryptedContainer(options)).size)
  writeFileSync(path, bytes)
  return path
}

/** qpdf reads the password from standard input: it never stands in an argument list. */
async function qpdf(path: string, password: string, ...options: string[]): Promise<{ code: number; output: string }> {
  const child = run('qpdf', [...options, '--password-file=-', path])
  child.child.stdin!.end(password)
  return child.then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  )
}

function extract(path: string, flag: '-upw' | '-opw', password: string): Map<string, Buffer> {
  const to = mkdtempSync(join(directory, 'out-'))
  execFileSync('pdfdetach', ['-enc', 'UTF-8', '-saveall', '-o', to, flag, password, path], { stdio: 'pipe' })
  return new Map(readdirSync(to).map((name) => [name, readFileSync(join(to, name))]))
}

const attachments: ReadonlyMap<string, Buffer> = new Map([
  ['Übersicht für Jörg.txt', Buffer.from('Inhalt\n')],
  ['見積書 – 最終版.pdf', randomBytes(12_345)],
  ['عرض.bin', randomBytes(16)],
  ['empty', Buffer.alloc(0)],
  ['☎ page.dat', randomBytes(15)],
  ['large.bin', randomBytes(20 * 1024 * 1024)],
])
const files = [...attachments].map(([name, data]) => file(name, data))

describe('an encrypted container', () => {
  it('passes qpdf --check with both passwords, as revision 6 with AESv3', async () => {
    const path = await write('check.pdf', files, 'Grüße-aus-Köln', 'the owner')
    for (const password of ['Grüße-aus-Köln', 'the owner']) {
      const { code, output } = await qpdf(path, password, '--check')
      expect(output).toContain('PDF Version: 2.0')
      expect(output).toContain('R = 6')
      expect(output).toContain('stream encryption method: AESv3')
      expect(output).toContain('No syntax or stream encoding errors found')
      expect(code).toBe(0)
    }
  })

  it('opens with the user’s password alone where there is no owner', async () => {
    const path = await write('no owner.pdf', [file('a.bin', Buffer.from('content'))], 'user', null)
    expect((await qpdf(path, 'user', '--check')).code).toBe(0)
    expect(extract(path, '-upw', 'user').get('a.bin')!.toString()).toBe('content')
    for (const wrong of ['', 'owner', 'null'])
      expect(await qpdf(path, wrong, '--check')).toMatchObject({ output: expect.stringContaining('invalid password') })
  })

  it('refuses every other password', async () => {
    const path = await write('wrong.pdf', [], 'right', 'owner')
    for (const wrong of ['Right', '', 'right ', 'own']) {
      expect(await qpdf(path, wrong, '--check')).toMatchObject({ output: expect.stringContaining('invalid password') })
      expect(() => execFileSync('pdftotext', ['-upw', wrong, path, '-'], { stdio: 'pipe' })).toThrow()
    }
  })

  it.each(['-upw', '-opw'] as const)('gives every file back bit for bit, with its name (%s)', async (flag) => {
    const path = await write('files.pdf', files, 'user', 'owner')
    const listed = execFileSync('pdfdetach', ['-enc', 'UTF-8', '-list', '-upw', 'user', path]).toString()
    for (const name of attachments.keys()) expect(listed).toContain(name)
    const found = extract(path, flag, flag === '-upw' ? 'user' : 'owner')
    expect([...found.keys()].sort()).toEqual([...attachments.keys()].sort())
    for (const [name, data] of attachments) expect(sha256(found.get(name)!)).toBe(sha256(data))
  })

  it.each([
    ['10 KB', 10_240],
    ['50 MB', 50 * 1024 * 1024],
  ])('gives a file of %s back bit for bit to qpdf and poppler, and not to a wrong password', async (name, size) => {
    const data = randomBytes(size)
    const path = await write(`size ${name}.pdf`, [file('data.bin', data)], 'user', 'owner')
    expect((await qpdf(path, 'user', '--check')).code).toBe(0)
    expect(sha256(extract(path, '-upw', 'user').get('data.bin')!)).toBe(sha256(data))
    const shown = execFileSync('qpdf', ['--password=user', '--show-attachment=data.bin', path], { maxBuffer: size + 1 })
    expect(sha256(shown)).toBe(sha256(data))
    expect(() => extract(path, '-upw', 'wrong')).toThrow()
  })

  it('names a file beyond the basic plane (qpdf; poppler’s pdfdetach does not join surrogates)', async () => {
    const path = await write('astral.pdf', [file('\u{1f4c4}.dat', Buffer.from('x'))], 'user', 'owner')
    expect((await qpdf(path, 'user', '--list-attachments')).output).toContain('\u{1f4c4}.dat')
  })

  it('shows the text of the mail', async () => {
    const path = await write('text.pdf', [], 'user', 'owner')
    const text = execFileSync('pdftotext', ['-upw', 'user', path, '-']).toString()
    for (const words of ['Frau Škvorecký', 'Ελληνικά', 'Русский', 'Größe der Übersicht', 'Jörg Müller'])
      expect(text).toContain(words)
  })

  it('takes a password as a person may type it: decomposed, with a hard space', async () => {
    const path = await write('prep.pdf', [], 'Gru\u0308ße\u00a0aus Köln', 'owner')
    expect((await qpdf(path, 'Grüße aus Köln', '--check')).code).toBe(0)
  })

  it('takes the longest password and cuts at 127 bytes', async () => {
    const path = await write('long.pdf', [], 'p'.repeat(200), 'owner')
    expect((await qpdf(path, 'p'.repeat(127), '--check')).code).toBe(0)
    expect((await qpdf(path, 'p'.repeat(126), '--check')).code).not.toBe(0)
  })

  it('opens for every salt: the number of rounds of algorithm 2.B is the readers’ (60 containers, 240 hashes)', async () => {
    for (let n = 0; n < 60; n += 1) {
      const path = await write('rounds.pdf', [], `user-${n}`, `owner-${n}`)
      for (const password of [`user-${n}`, `owner-${n}`]) {
        expect(await qpdf(path, password, '--show-npages')).toEqual({ code: 0, output: '1\n' })
      }
    }
  })

  it('streams 120 MB with flat memory', async () => {
    const path = join(directory, 'large.pdf')
    const child = new URL('../support/embed-large.ts', import.meta.url).pathname
    const { stdout } = await run(process.execPath, [child, String(120 * 1024 * 1024), path])
    const { grownKb, sha256: digest } = JSON.parse(stdout) as { grownKb: number; sha256: string }
    expect(grownKb).toBeLessThan(150 * 1024)
    expect(sha256(extract(path, '-upw', 'user').get('large.bin')!)).toBe(digest)
  })
})
