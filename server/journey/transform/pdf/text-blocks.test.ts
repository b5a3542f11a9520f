import { describe, expect, it } from 'vitest'
import { textBlocks } from './text-blocks.ts'

const shown = (text: string) =>
  textBlocks(text).blocks.map((b) => (b.kind === 'paragraph' ? [b.quote, b.runs.map((r) => r.text).join('')] : []))

describe('plain text to blocks', () => {
  it('keeps lines and levels of quotation', () => {
    expect(shown('Hello\r\nworld\r\n\r\n> one\r\n>> two\r\n> > three\r\nend')).toEqual([
      [0, 'Hello\nworld'],
      [1, 'one'],
      [2, 'two\nthree'],
      [0, 'end'],
    ])
  })

  it('makes links of addresses, without the full stop after them', () => {
    const [block] = textBlocks('See https://example.com/a?b=c. Bye').blocks
    expect(block).toMatchObject({
      runs: [
        { text: 'See ' },
        { text: 'https://example.com/a?b=c', style: { href: 'https://example.com/a?b=c' } },
        { text: '. Bye' },
      ],
    })
  })

  it('keeps the words of an endless line', () => {
    const line = Array.from({ length: 5000 }, (_, n) => `w${n}`).join(' ')
    const { blocks, shortened } = textBlocks(line)
    expect(shortened).toBe(false)
    expect(
      shown(line)
        .map(([, text]) => text)
        .join(''),
    ).toBe(line)
    expect(blocks.length).toBeGreaterThan(5)
  })

  it('says when it had to stop', () => {
    expect(textBlocks('x'.repeat(200_000)).shortened).toBe(true)
  })
})
