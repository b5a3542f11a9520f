import { expect, it } from 'vitest'
import { cpuMs } from '../../test/support/cpu-time.ts'
import { canDecode, decodeCharset, readText, withoutTrailing } from './charset.ts'
import { insertText } from './insert-block.ts'

it.each(['hex', 'base64', 'binary', 'utf-7', 'unicode-1-1-utf-7', 'U_T_F-7', 'utf-7:2000', 'utf-7-imap', 'utf-32'])(
  'a charset that readers do not know (%s) hides no word, and is said to be unknown',
  (charset) => {
    expect(decodeCharset(Buffer.from('+confidential- ä'), charset)).toBe('+confidential- ä')
    expect(canDecode(charset)).toBe(false)
  },
)

it.each(['utf-8', 'ISO-8859-1', 'windows-1252', 'iso-2022-jp', 'gb18030', 'koi8-r', 'cp850', 'utf-16le'])(
  '%s is known',
  (charset) => {
    expect(canDecode(charset)).toBe(true)
  },
)

it('a long run in the middle of a text costs time in proportion', async () => {
  const began = cpuMs()
  const bytes = Buffer.concat([Buffer.alloc(1_000_000, 0xff), Buffer.from('words and more')])
  const pieces = async function* () {
    yield bytes
  }
  const { text, cut } = await readText(pieces(), 'utf-8', bytes.length - 5)
  expect({ cut, end: text.slice(-10) }).toEqual({ cut: true, end: '\ufffdwords and' })
  expect(withoutTrailing(`${'\0'.repeat(1_000_000)}x\0\0`, '\0')).toHaveLength(1_000_001)
  const block = { position: 'bottom', text: 'Ours', html: '' } as const
  expect(insertText(`${' '.repeat(1_000_000)}x \n`, [block]).endsWith(' x\n\nOurs\n')).toBe(true)
  expect(cpuMs() - began).toBeLessThan(2_000)
})
