import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { BareLineEnd, DotStuffer } from './dot-stuffing.ts'

/** RFC 5321 4.5.2, as it is written. */
function plainly(content: string): string {
  const stuffed = content.replace(/(^|\n)\./g, '$1..')
  return `${stuffed}${stuffed === '' || stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`
}

function stuff(content: string, cuts: readonly number[]): string {
  const bytes = Buffer.from(content, 'latin1')
  const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
  const stuffer = new DotStuffer()
  const out = edges.slice(1).map((edge, at) => stuffer.chunk(bytes.subarray(edges[at]!, edge)))
  return Buffer.concat([...out, stuffer.end()]).toString('latin1')
}

const cuts = fc.array(fc.nat(60), { maxLength: 8 })

it('is what the RFC says, however the content is cut', () => {
  const piece = fc.constantFrom('\r\n', '.', '..', 'a', '\r\n.', 'text', '.\r\n')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), cuts, (pieces, at) => {
      const content = pieces.join('')
      expect(stuff(content, at)).toBe(plainly(content))
    }),
    { numRuns: 2_000 },
  )
})

it('lets nothing out that somebody takes for the end of data, however the content is cut', () => {
  const piece = fc.constantFrom('\r\n', '\n', '\r', '.', 'a', '\r\n.')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), cuts, (pieces, at) => {
      const content = pieces.join('')
      // A bare line end before a dot, or where the final dot would follow it.
      const bare = /(^|[^\r])\n\.|\r\.|(^|[^\r])\n$|\r$/.test(content)
      if (bare) expect(() => stuff(content, at)).toThrow(BareLineEnd)
      else {
        const out = stuff(content, at)
        expect(out).toBe(plainly(content))
        expect(out.slice(0, -3)).not.toMatch(/[\r\n]\.[\r\n]/)
      }
    }),
    { numRuns: 5_000 },
  )
})

it('hands 1 MB of dots on in whole chunks, quickly', () => {
  const content = '.\r\n'.repeat(350_000)
  const began = cpuMs()
  expect(stuff(content, []).length).toBe(4 * 350_000 + 3)
  expect(cpuMs() - began).toBeLessThan(2_000)
})
