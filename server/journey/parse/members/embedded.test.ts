import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EMBEDDED, lookForFiles } from './embedded.ts'

async function* cut(text: string, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text, 'latin1')
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

describe('a text that may hold a file', () => {
  it('is found however its bytes are cut into pieces', async () => {
    const word = fc.constantFrom(
      'begin',
      'begin 644 a',
      '=ybegin',
      '=ybegin name=x',
      'be',
      'gin',
      '\r',
      '\n',
      '\r\n',
      ' ',
      'x',
    )
    const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(''))
    const sizes = fc.array(fc.integer({ min: 1, max: 11 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(text, sizes, async (written, cuts) => {
        const { size, may } = await lookForFiles(cut(written, cuts))
        expect(size).toBe(written.length)
        if (EMBEDDED.test(written)) expect(may).toBe(true)
        expect(may).toBe((await lookForFiles(cut(written, [1_000]))).may)
      }),
      { numRuns: 1_000 },
    )
  })

  it('is not one that only speaks of beginning', async () => {
    expect((await lookForFiles(cut('We begin today.\r\nThe beginning\r\n', [7]))).may).toBe(false)
    expect((await lookForFiles(cut('begin 644 a', [3]))).may).toBe(true)
    expect((await lookForFiles(cut('', [1]))).may).toBe(false)
  })
})
