/**
 * The PDF container beside qpdf, which encrypts the same files with the same cipher into the same kind of file: MB per
 * second of processor time, both in the same run. qpdf is told not to compress: we do not either.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PDFDocument } from 'pdf-lib'
import { type Bench, rowOf } from './row.ts'

const MB = 1024 * 1024
const ROUNDS = 7
const MEMORY_LIMIT_MB = 150
const CASES: readonly { readonly metric: string; readonly files: readonly number[] }[] = [
  { metric: 'container_20m', files: [14, 6] },
  { metric: 'container_120m', files: [120] },
]

export const pdf: Bench = async function* (say) {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-bench-pdf-'))
  try {
    const page = join(folder, 'page.pdf')
    const document = await PDFDocument.create()
    document.addPage()
    writeFileSync(page, await document.save({ useObjectStreams: false }))
    for (const { metric, files } of CASES) {
      const paths = files.map((_, n) => join(folder, `${metric}-${n}.bin`))
      for (const [n, path] of paths.entries()) writeFileSync(path, randomBytes(files[n]! * MB))
      const size = files.reduce((sum, file) => sum + file, 0)
      const ours: number[] = []
      const peers: number[] = []
      let peak = 0
      for (let round = 0; round < ROUNDS; round++) {
        const mine = secflow(page, join(folder, 'ours.pdf'), paths)
        ours.push(size / (mine.cpuMs / 1000))
        peak = Math.max(peak, mine.peakMb)
        peers.push(size / (qpdf(page, join(folder, 'peer.pdf'), paths) / 1000))
      }
      execFileSync('qpdf', ['--check', '--password=user', join(folder, 'ours.pdf')], { stdio: 'pipe' })
      say(`${metric}: peak memory ${peak.toFixed(0)} MB`)
      if (peak > MEMORY_LIMIT_MB) throw new Error(`${metric} took ${peak.toFixed(0)} MB, more than ${MEMORY_LIMIT_MB}`)
      for (const path of paths) rmSync(path)
      yield rowOf({ bench: 'pdf', metric, unit: 'MB/cpu s', peer: 'qpdf', better: 'more' }, ours, peers)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function secflow(page: string, out: string, paths: readonly string[]): { cpuMs: number; peakMb: number } {
  const child = join(import.meta.dirname, 'pdf-process.ts')
  // As `secflow serve` starts itself (docs/decisions/0019).
  const answer = execFileSync(process.execPath, ['--max-semi-space-size=2', child, page, out, ...paths])
  return JSON.parse(answer.toString()) as { cpuMs: number; peakMb: number }
}

/** Processor time of qpdf, ms: what the shell counts for its children. */
function qpdf(page: string, out: string, paths: readonly string[]): number {
  const attach = paths.flatMap((path) => ['--add-attachment', path, '--'])
  const words = ['--compress-streams=n', ...attach, '--encrypt', 'user', 'owner', '256', '--', page, out]
  const times = execFileSync('bash', ['-c', 'qpdf "$@" && times', 'qpdf', ...words], {
    env: { ...process.env, LC_ALL: 'C' },
  })
  const children = times.toString().trim().split('\n').at(-1)!
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1000,
    0,
  )
}
