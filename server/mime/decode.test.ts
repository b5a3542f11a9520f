import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeStream } from './decode.ts'

async function decoded(text: string | Buffer, piece = 1_000): Promise<{ hex: string; defects: string[] }> {
  const bytes = Buffer.from(text)
  const defects = new Set<string>()
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
  }
  const out: Buffer[] = []
  for await (const chunk of decodeStream(chunks(), 'base64', defects)) out.push(chunk)
  return { hex: Buffer.concat(out).toString('hex'), defects: [...defects].sort() }
}

describe('base64 (RFC 2045 6.8)', () => {
  it('gives back what was encoded, in lines of any length and chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 70 }),
        async (bytes, line, piece) => {
          const content = Buffer.from(bytes)
          const text = content.toString('base64').replaceAll(new RegExp(`.{${line}}`, 'g'), '$&\r\n')
          expect(await decoded(text, piece)).toEqual({ hex: content.toString('hex'), defects: [] })
        },
      ),
    )
  })

  it.each([
    ['QUI', '4142', []],
    ['QQ', '41', []],
    ['QUJDR', '414243', ['base64-truncated']],
    ['QU-J_D', '414243', ['base64-characters']],
    ['QQ==\r\n', '41', []],
    ['QQ==QUJD', '41', ['base64-after-padding']],
    ['QQ==\u00e4\r\n', '41', []],
    ['Q=', '', ['base64-truncated']],
    ['', '', []],
  ])('reads %j as other readers do and says what is wrong with it', async (text, hex, defects) => {
    for (const piece of [1, 2, 3, 1_000]) expect(await decoded(text, piece)).toEqual({ hex, defects })
  })

  it('decodes this file', async () => {
    const content = readFileSync(import.meta.filename)
    expect((await decoded(content.toString('base64'))).hex).toBe(content.toString('hex'))
  })
})
