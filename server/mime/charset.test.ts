import { expect, it } from 'vitest'
import { canDecode, decodeCharset } from './charset.ts'

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
