import { execFileSync } from 'node:child_process'
import { PDFDocument } from 'pdf-lib'
import { afterAll, describe, expect, it } from 'vitest'
import type { DocumentPage } from '../../../ports/document.ts'
import { plainPage } from './plain-page.ts'
import { createDocumentRenderer } from './renderer.ts'

const renderer = createDocumentRenderer()
afterAll(() => renderer.close())

const page = (over: Partial<DocumentPage>): DocumentPage => ({
  language: 'en',
  from: 'Jörg <joerg@example.org>',
  to: ['a@example.com'],
  subject: 'Größe',
  date: Date.UTC(2026, 10, 23),
  text: 'the plain text',
  files: [],
  ...over,
})

const textOf = (pdf: Buffer) => execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString()

describe('the renderer', () => {
  it('draws particulars, body, files and the reply link', async () => {
    const pdf = await renderer.render(
      page({
        html: '<h1>Report</h1><p>Dear <b>reader</b></p>',
        files: [{ name: 'offer.pdf', size: 1_234_567, sha256: 'ab12'.repeat(16) }],
        replyUrl: 'https://portal.example/r/1',
      }),
    )
    const text = textOf(pdf)
    for (const words of [
      'Jörg <joerg@example.org>',
      'a@example.com',
      'Größe',
      'Report',
      'Dear reader',
      'offer.pdf',
      '1.2 MB',
      'ab12'.repeat(16),
      'Reply securely',
      'Page 1 of 1',
    ])
      expect(text).toContain(words)
    expect(text).not.toContain('the plain text')
    expect(pdf.toString('latin1')).toContain('https://portal.example/r/1')
  })

  it('says what it cannot show and where the whole message is', async () => {
    const files = [{ name: 'message.eml', size: 1 }]
    const text = textOf(
      await renderer.render(page({ html: '<p>\u{12000}\u{12001}</p>', files, original: 'message.eml' })),
    )
    expect(text).toContain('Characters that cannot be shown here: 2 (other)')
    expect(text).toContain('“message.eml”')
  })

  it.each<[string, Partial<DocumentPage>, string]>([
    ['broken HTML', { html: '<p><b><table></p><tr><td><div></b>\0\ud800<<<>>still here' }, 'still here'],
    ['200 levels of quotation', { html: `${'<blockquote>q '.repeat(200)}innermost` }, 'innermost'],
    [
      '10,000 cells',
      { html: `<table border=1>${`<tr>${'<td>c'.repeat(10)}`.repeat(999)}<tr><td>x<td>last cell</table>` },
      'last cell',
    ],
    ['100,000 nested elements', { html: `${'<div>'.repeat(100_000)}deep` }, 'deep'],
    ['5,000 paragraphs', { html: '<p>short</p>'.repeat(5000) }, 'shortened'],
    ['an endless word', { html: `<p>${'x'.repeat(100_000)} end</p>` }, 'end'],
    [
      'a corrupt image',
      {
        html: '<p>before <img src="cid:x" alt="logo.png"> after</p>',
        images: new Map([['x', { mediaType: 'image/png', data: Buffer.from('89504e470d0a1a0a00', 'hex') }]]),
      },
      '[Image: logo.png]',
    ],
    ['script and style only', { html: '<style>a{}</style><script>alert(1)</script>' }, 'the plain text'],
    ['soft hyphens only', { html: '<p>\u00ad\u00ad</p><p>after</p>' }, 'after'],
    ['an empty mail', { text: '' }, 'has no text'],
    ['long plain text', { text: 'line of text\n'.repeat(20_000) }, 'shortened'],
  ])('bears %s', async (_, over, expected) => {
    const started = performance.now()
    expect(textOf(await renderer.render(page(over)))).toContain(expected)
    expect(performance.now() - started).toBeLessThan(15_000)
  })

  it('falls back to bare text when time runs out, and works again afterwards', async () => {
    const hasty = createDocumentRenderer({ timeoutMs: 5 })
    try {
      const text = textOf(await hasty.render(page({ html: '<p>never drawn</p>' })))
      expect(text).toContain('the plain text')
      expect(text).toContain('The layout of the message could not be kept')
    } finally {
      await hasty.close()
    }
  })

  it('falls back when the memory of the worker is spent', async () => {
    const poor = createDocumentRenderer({ maxMemoryMb: 8 })
    try {
      expect(textOf(await poor.render(page({ html: '<p>too much</p>'.repeat(3000) })))).toContain('the plain text')
    } finally {
      await poor.close()
    }
  })

  it('goes on with a new worker after the agreed number of pages', async () => {
    const changing = createDocumentRenderer({ pagesPerWorker: 1 })
    try {
      for (const words of ['one', 'two']) expect(textOf(await changing.render(page({ text: words })))).toContain(words)
    } finally {
      await changing.close()
    }
  })

  it('ends an idle worker and starts another for the next page', async () => {
    const resting = createDocumentRenderer({ idleMs: 1 })
    try {
      for (const words of ['one', 'two']) {
        expect(textOf(await resting.render(page({ text: words })))).toContain(words)
        await new Promise((done) => setTimeout(done, 50))
      }
    } finally {
      await resting.close()
    }
  })

  it('draws pages asked for at the same time, each its own', async () => {
    const names = ['alpha', 'beta', 'gamma']
    const drawn = await Promise.all(names.map((text) => renderer.render(page({ text }))))
    expect(drawn.map((pdf) => names.filter((name) => textOf(pdf).includes(name)))).toEqual(names.map((name) => [name]))
  })

  it('draws with several workers when many pages wait, and no page is lost', async () => {
    const many = createDocumentRenderer({ workers: 2 })
    try {
      const drawn = await Promise.all(
        Array.from({ length: 12 }, (_, n) => many.render(page({ text: `the page number ${n}.` }))),
      )
      for (const [n, pdf] of drawn.entries()) expect(textOf(pdf)).toContain(`the page number ${n}.`)
    } finally {
      await many.close()
    }
  })

  it('puts a PDF under a password, goes on after one that is damaged or too much, and keeps nobody waiting', async () => {
    const hasty = createDocumentRenderer({ workers: 1, timeoutMs: 3_000, maxMemoryMb: 64 })
    try {
      const pdf = await hasty.render(page({ text: 'the plain text' }))
      expect(await hasty.lock(Buffer.from('%PDF-1.7 nothing'), 'lusab')).toBeNull()
      const objects = Array.from({ length: 400_000 }, (_, n) => `${n + 4} 0 obj\n[/A${n} ${n} 0 R]\nendobj\n`).join('')
      expect(await hasty.lock(Buffer.from(`%PDF-1.7\n${objects}`), 'lusab')).toBeNull()
      const locked = await hasty.lock(pdf, 'lusab')
      expect(locked!.includes('/Encrypt')).toBe(true)
      expect(await hasty.lock(locked!, 'lusab')).toBeNull()
    } finally {
      await hasty.close()
    }
  })

  it('refuses work when it is closed', async () => {
    const closed = createDocumentRenderer()
    await closed.close()
    await expect(closed.render(page({}))).rejects.toThrow('shutting-down')
  })
})

describe('the plain page', () => {
  it('holds text, files and what it had to replace', async () => {
    const pdf = await plainPage(
      page({ text: `Grüße 漢\t€\n${'long '.repeat(100)}`, files: [{ name: 'ä.txt', size: 5 }] }),
    )
    const text = textOf(pdf)
    for (const words of ['Grüße ?', '€', 'ä.txt', 'Characters that cannot be shown here: 1'])
      expect(text).toContain(words)
    expect((await PDFDocument.load(pdf)).getPageCount()).toBe(1)
  })

  it('is bounded in time for a megabyte of text', async () => {
    const started = performance.now()
    await plainPage(page({ text: 'word '.repeat(200_000) }))
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
