import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PDFDocument } from 'pdf-lib'
import { encryptedContainer, encryptedPdf } from '../../server/journey/transform/pdf/container.ts'
import type { Campaign, Outcome } from './campaign.ts'
import { type Random, randomOf } from './random.ts'

const TIME = Date.UTC(2026, 10, 23)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Containers with random files and passwords, taken apart again by qpdf and poppler. */
export const pdf: Campaign = {
  name: 'pdf-round-trip',
  unit: 'containers',
  full: 3_000,
  quick: 40,
  async run({ count, seed, until }): Promise<Outcome> {
    const folder = mkdtempSync(join(tmpdir(), 'secflow-nightly-pdf-'))
    const page = await blankPage()
    const failures: string[] = []
    let done = 0
    for (; done < count && performance.now() < until && failures.length < 20; done++) {
      await roundTrip(randomOf(seed, done), page, folder).catch((error: unknown) => {
        failures.push(`container ${done}: ${error instanceof Error ? error.message : String(error)}`)
      })
    }
    rmSync(folder, { recursive: true, force: true })
    return { done, failures, note: 'qpdf --check, pdfdetach' }
  },
}

async function blankPage(): Promise<Buffer> {
  const document = await PDFDocument.create()
  document.addPage()
  return Buffer.from(await document.save())
}

async function roundTrip(random: Random, page: Buffer, folder: string): Promise<void> {
  // At most 32 bytes in UTF-8: pdfdetach reads no more of its argument.
  const password = Array.from({ length: 8 + random.below(3) }, () =>
    random.pick([...'abcXYZ0189-_.,;:!?()\\/"\'äß€']),
  ).join('')
  const sizes = [0, 1, 15, 16, 17, 255, 4096, 65_535, 262_144, 262_145, 600_000]
  const files = Array.from({ length: random.below(5) }, (_, number) => {
    const data = random.bytes(Math.min(random.pick(sizes), 4_000))
    const whole = Buffer.alloc(random.pick(sizes), data.length ? data : 'x')
    return {
      name: `${random.pick(['a', 'Über maß', '../etc', 'x'.repeat(200), '(', '', 'a\u202eb'])}${number}.${random.pick(['bin', 'pdf', 'txt'])}`,
      mediaType: random.pick(['application/octet-stream', 'text/plain', 'not a type']),
      size: whole.length,
      data: whole,
      async *stream() {
        const piece = 1 + random.below(100_000)
        for (let at = 0; at < whole.length; at += piece) yield whole.subarray(at, at + piece)
      },
    }
  })
  const options = { page, files, userPassword: password, ownerPassword: `${password}-owner`, time: TIME }
  const bytes = Buffer.concat(await chunksOf(encryptedPdf(options)))
  if (bytes.length !== (await encryptedContainer(options)).size) throw new Error('not of the size it promised')
  const path = join(folder, 'container.pdf')
  writeFileSync(path, bytes)
  execFileSync('qpdf', ['--check', '--password-file=-', path], { input: password, stdio: ['pipe', 'pipe', 'pipe'] })
  if (files.length === 0) return
  const out = join(folder, 'out')
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out)
  execFileSync('pdfdetach', ['-enc', 'UTF-8', '-saveall', '-o', out, '-upw', password, path], { stdio: 'pipe' })
  const found = readdirSync(out).map((name) => sha256(readFileSync(join(out, name))))
  const wanted = files.map(({ data }) => sha256(data))
  if (found.toSorted().join() !== wanted.toSorted().join())
    throw new Error(`${found.length} files came out of ${wanted.length}, or others`)
}

async function chunksOf(stream: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}
