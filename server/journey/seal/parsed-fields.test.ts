/// <reference path="./mailauth.d.ts" />
import fc from 'fast-check'
import { parseHeaders } from 'mailauth/lib/tools.js'
import { expect, it } from 'vitest'
import { headerBytes } from '../../mime/write.ts'
import { parsedFields } from './parsed-fields.ts'

const value = fc
  .array(fc.constantFrom('a', ':', ' ', '\t', '\u00c4', 'To', '\r\n ', '\r\n\t', '\r\n \r\n b'))
  .map((parts) => parts.join(''))
const field = fc
  .tuple(fc.constantFrom('To', 'FROM', 'subject'), fc.constantFrom('', ' ', '\t'), value)
  .map(([name, gap, rest]) => ({ name: name.toLowerCase(), raw: Buffer.from(`${name}${gap}: ${rest}x`, 'latin1') }))

it('fields are what the library reads of them', () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 5 }), (fields) => {
      expect(parsedFields(fields)).toEqual(parseHeaders(headerBytes(fields)))
    }),
  )
})
