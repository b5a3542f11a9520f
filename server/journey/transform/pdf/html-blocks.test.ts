import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Block, Paragraph } from './blocks.ts'
import { htmlBlocks } from './html-blocks.ts'

const words = (block: Block | undefined) => (block as Paragraph).runs.map(({ text }) => text).join('')
const paragraphs = (html: string) => htmlBlocks(html).blocks.filter((block) => block.kind === 'paragraph')
const allText = (html: string) =>
  htmlBlocks(html)
    .blocks.flatMap((block) => {
      if (block.kind === 'paragraph') return [words(block)]
      return block.kind === 'table'
        ? block.rows.flatMap((row) => row.map((c) => c.runs.map((r) => r.text).join('')))
        : []
    })
    .join('\n')

describe('HTML to blocks', () => {
  it('keeps headings, emphasis, colours and links', () => {
    const [heading, text] = paragraphs(
      '<h2>Title</h2><p>a <b>b</b> <i style="color:#d00">c</i> <a href="https://example.com/x">d</a></p>',
    )
    expect(heading).toMatchObject({ level: 2 })
    expect((text as Paragraph).runs).toEqual([
      { text: 'a ', style: {} },
      { text: 'b', style: { bold: true } },
      { text: ' ', style: {} },
      { text: 'c', style: { italic: true, color: '#dd0000' } },
      { text: ' ', style: {} },
      { text: 'd', style: { href: 'https://example.com/x' } },
    ])
  })

  it('collapses white space as a browser does and keeps it in pre', () => {
    expect(words(paragraphs('<p>  a\n  b <span> c</span><br>  d </p>')[0])).toBe('a b c\nd')
    expect(words(paragraphs('<pre>a\n  b\tc</pre>')[0])).toBe('a\n\u00a0\u00a0b\u00a0\u00a0\u00a0\u00a0\u00a0c')
  })

  it('drops what is no text for a reader', () => {
    const html =
      '<style>x</style><script>alert(1)</script><title>t</title><p style="display:none">pre</p><p hidden>h</p><!-- c --><svg><text>s</text></svg><p>seen</p>'
    expect(allText(html)).toBe('seen')
  })

  it('does not make 102 of 10 to the power of 2', () => {
    expect(paragraphs('<p>10<sup>2</sup></p>')[0]?.runs).toEqual([
      { text: '10', style: {} },
      { text: '2', style: { shift: 'super' } },
    ])
  })

  it('shows text that was white on white', () => {
    expect(paragraphs('<p style="color:#fff">hidden?</p>')[0]?.runs).toEqual([{ text: 'hidden?', style: {} }])
  })

  it('makes no link of anything but web, mail and telephone', () => {
    for (const href of [
      'javascript:alert(1)',
      ' JAVASCRIPT:x',
      'data:text/html,x',
      'file:///etc/passwd',
      'http://[',
      '',
    ])
      expect(paragraphs(`<p><a href="${href}">x</a></p>`)[0]?.runs).toEqual([{ text: 'x', style: {} }])
    expect(paragraphs('<p><a href="mailto:a@b.example">x</a></p>')[0]?.runs[0]?.style.href).toBe('mailto:a@b.example')
  })

  it('numbers lists and indents them', () => {
    const found = paragraphs('<ul><li>a<ol start=3><li>b<li>c</ol><li>d</ul>')
    expect(found.map((p) => [p.marker, p.indent, words(p)])).toEqual([
      ['•', 1, 'a'],
      ['3.', 2, 'b'],
      ['4.', 2, 'c'],
      ['•', 1, 'd'],
    ])
  })

  it('keeps a table of data and reads a table of layout in its order', () => {
    const data = htmlBlocks('<table border=1><tr><th>a<th>b<tr><td colspan=2 align=right><b>c</b><p>d</table>').blocks
    expect(data).toMatchObject([
      { kind: 'table', columns: 2, bordered: true, rows: [[{ header: true }, {}], [{ span: 2, align: 'right' }]] },
    ])
    expect(allText('<table border=1><tr><th>a<th>b<tr><td colspan=2><b>c</b><p>d</table>')).toBe('a\nb\nc\nd')
    const layout = '<table><tr><td><table><tr><td>a</table><td>b</table>'
    expect(htmlBlocks(layout).blocks.map((b) => b.kind)).toEqual(['paragraph', 'paragraph'])
  })

  it('takes images by Content-ID only and names the rest', () => {
    const { blocks } = htmlBlocks(
      '<p>x<img src="cid:a%40b" width=100 alt=logo><img src="https://tracker.example/1.gif" alt="ad"><img src="file:///x"></p>',
    )
    expect(blocks[1]).toMatchObject({ kind: 'picture', contentId: 'a@b', width: 75, alternative: 'logo' })
    expect(words(blocks[2])).toBe('[ad]')
    expect(JSON.stringify(blocks)).not.toContain('tracker')
  })

  it('counts levels of quotation, also 200', () => {
    const found = paragraphs(`${'<blockquote><p>q</p>'.repeat(200)}`)
    expect(found).toHaveLength(200)
    expect(found.at(-1)).toMatchObject({ quote: 200 })
  })

  it('keeps every value of a table with 10,000 cells', () => {
    const rows = Array.from(
      { length: 1000 },
      (_, r) => `<tr>${Array.from({ length: 10 }, (_, c) => `<td>v${r}x${c}v`).join('')}`,
    )
    const { blocks, shortened } = htmlBlocks(`<table border=1>${rows.join('')}</table>`)
    expect(shortened).toBe(false)
    expect(blocks.every((block) => block.kind === 'paragraph')).toBe(true)
    const text = blocks.map(words).join('\n')
    for (const value of ['v0x0v', 'v500x9v', 'v999x9v']) expect(text).toContain(value)
  })

  it('says when it had to stop', () => {
    const long = htmlBlocks(`<p>${'word '.repeat(60_000)}</p>`)
    expect(long.shortened).toBe(true)
    expect(htmlBlocks('<p>x</p>'.repeat(5000))).toMatchObject({ shortened: true })
  })

  it('loses the structure but not the text of 100,000 nested elements', () => {
    expect(allText(`${'<div>'.repeat(100_000)}deep`)).toContain('deep')
  })

  it('takes any input', () => {
    const bits = fc.constantFrom(
      '<p>',
      '</p>',
      '<table>',
      '<tr>',
      '<td colspan=99999999>',
      '</table>',
      '<li>',
      '<ol start=-1e99>',
      '<b>',
      '&#xd800;',
      '\0',
      'text',
      ' ',
      '<img src=cid:%>',
      '<pre>',
      '<blockquote>',
      '<a href=//x>',
      '<!--',
      ']]>',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(bits, fc.string()), { maxLength: 60 }), (parts) => {
        for (const block of htmlBlocks(parts.join('')).blocks)
          expect(['paragraph', 'rule', 'picture', 'table']).toContain(block.kind)
      }),
    )
  })
})
