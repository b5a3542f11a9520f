import fc from 'fast-check'
import { PDFDocument } from 'pdf-lib'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../../test/support/cpu-time.ts'
import type { DocumentPage } from '../../../ports/document.ts'
import { renderPage } from './render-page.ts'

const page = (html: string, over: Partial<DocumentPage> = {}): DocumentPage => ({
  language: 'de',
  from: 'a@example.org',
  to: ['b@example.org'],
  subject: 's',
  date: 0,
  text: 'text',
  html,
  files: [],
  ...over,
})

const pieces = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    ...'<table><tr><td>,</td>,</table>,<blockquote>,</blockquote>,<ul><li>,</ul>,<b>,</b>,<pre>,</pre>,<h1>,<br>,<hr>,<p dir=rtl>,<a href=https://x.example>,</a>,<sup>,<img src=cid:x alt=y>,<center>,שלום,مرحبا,ภาษาไทย,हिन्दी,漢字,👨‍👩‍👧,\u202e,\u2067,\u200d,\u0301'.split(
      ',',
    ),
  ),
)

describe('a page', () => {
  it('comes of any HTML, without the fallback', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 30 }), async (parts) => {
        const pdf = await renderPage({ page: page(parts.join('')), textOnly: false })
        expect((await PDFDocument.load(pdf)).getPageCount()).toBeGreaterThan(0)
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  it('comes of any names and subject', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), async (subject, name) => {
        const files = [{ name, size: 1, sha256: 'ab'.repeat(32) }]
        const pdf = await renderPage({ page: page('x', { subject, from: name, files }), textOnly: false })
        expect((await PDFDocument.load(pdf)).getPageCount()).toBe(1)
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('comes of letters whose dots the font sets by its second rule', async () => {
    const pdf = await renderPage({ page: page('\u06a2', { subject: '\u06a2', from: '' }), textOnly: false })
    expect((await PDFDocument.load(pdf)).getPageCount()).toBe(1)
  })

  it('comes of names of 100,000 marks, on a few pages and in a moment', async () => {
    const marks = ['\u0301', '\u064b', '\u05b0', '\u0e48', 'बि'].map((unit) => unit.repeat(100_000))
    const files = marks.map((name) => ({ name, size: 1, sha256: 'ab'.repeat(32) }))
    const began = cpuMs()
    const all = page('x', { subject: marks[0]!, from: marks[1]!, to: marks, files })
    const pdf = await renderPage({ page: all, textOnly: false })
    expect(cpuMs() - began).toBeLessThan(5_000)
    expect((await PDFDocument.load(pdf)).getPageCount()).toBeLessThan(10)
  })

  it('goes on over many pages with a cell, a list of files and a quotation longer than one', async () => {
    const long = 'a word and another '.repeat(600)
    const files = Array.from({ length: 150 }, (_, n) => ({ name: `file ${n}`, size: n, sha256: 'ab'.repeat(32) }))
    const html = `<table border=1><tr><td>${long}<td>b</table><blockquote>${long}</blockquote>`
    const pdf = await renderPage({
      page: page(html, { files, to: Array(100).fill('someone@example.org') }),
      textOnly: false,
    })
    const document = await PDFDocument.load(pdf)
    expect(document.getPageCount()).toBeGreaterThan(6)
    expect(document.getPageCount()).toBeLessThan(20)
  })
})
