import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DotStuffing } from './dot-stuffing.ts'

/** RFC 5321 4.5.2, as it is written. */
function plainly(content: string): string {
  const stuffed = content.replace(/(^|\n)\./g, '$1..')
  return `${stuffed}${stuffed === '' || stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`
}

async function stuff(content: string, cuts: readonly number[]) {
  const bytes = Buffer.from(content, 'latin1')
  const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
  const chunks = edges.slice(1).map((edge, at) => bytes.subarray(edges[at]!, edge))
  const stream = new DotStuffing()
  const out = (await buffer(Readable.from(chunks).pipe(stream))).toString('latin1')
  return { out, stream }
}

it('is what the RFC says, however the content is cut', async () => {
  const piece = fc.constantFrom('\r\n', '.', '..', 'a', '\r\n.', 'text', '.\r\n')
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 30 }),
      fc.array(fc.nat(60), { maxLength: 8 }),
      async (pieces, cuts) => {
        const content = pieces.join('')
        const { out, stream } = await stuff(content, cuts)
        expect(out).toBe(plainly(content))
        expect(stream).toMatchObject({ inByteCount: content.length, outByteCount: out.length, ended: true })
      },
    ),
    { numRuns: 1_000 },
  )
})

it('hands 1 MB of dots on in whole chunks, quickly', async () => {
  const content = '.\r\n'.repeat(350_000)
  const began = performance.now()
  const { out } = await stuff(content, [])
  expect(performance.now() - began).toBeLessThan(2_000)
  expect(out.length).toBe(4 * 350_000 + 3)
})
