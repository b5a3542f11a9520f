import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentDisposition, rangeOf } from './range.ts'

describe('rangeOf', () => {
  it.each([
    ['bytes=0-99', 0, 100],
    ['bytes=0-0', 0, 1],
    ['bytes=990-', 990, 1000],
    ['bytes=-10', 990, 1000],
    ['bytes=-5000', 0, 1000],
    ['bytes=5-5000', 5, 1000],
    ['Bytes = 5 - 6', 5, 7],
  ])('%s', (range, start, end) => expect(rangeOf({ range }, 1000, '"e"')).toEqual({ start, end, partial: true }))

  it.each(['bytes=0-1,5-6', 'bytes=9-3', 'bytes=-', 'bytes=a-b', 'items=0-5', '', 'bytes=99999999999999999999-'])(
    'gives the whole file for %j',
    (range) => expect(rangeOf({ range }, 1000, '"e"')).toEqual({ start: 0, end: 1000, partial: false }),
  )

  it.each([
    ['bytes=1000-', 1000],
    ['bytes=-0', 1000],
    ['bytes=0-', 0],
    ['bytes=-1', 0],
  ])('%s of %i bytes cannot be satisfied', (range, size) =>
    expect(() => rangeOf({ range }, size, '"e"')).toThrow('range-unsatisfiable'),
  )

  it('heeds If-Range', () => {
    const range = 'bytes=1-2'
    expect(rangeOf({ range, 'if-range': '"e"' }, 10, '"e"').partial).toBe(true)
    expect(rangeOf({ range, 'if-range': '"old"' }, 10, '"e"').partial).toBe(false)
    expect(rangeOf({ range, 'if-range': 'W/"e"' }, 10, '"e"').partial).toBe(false)
  })

  it('never leaves the file', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 1e6 }), (first, last, size) => {
        try {
          const { start, end } = rangeOf({ range: `bytes=${first}-${last}` }, size, '"e"')
          return start >= 0 && start < end && end <= size
        } catch {
          return first >= size
        }
      }),
    )
  })
})

describe('contentDisposition', () => {
  it.each([
    ['scan.dcm', `attachment; filename="scan.dcm"; filename*=UTF-8''scan.dcm`],
    ['Prüf (1).pdf', `attachment; filename="Pru_f (1).pdf"; filename*=UTF-8''Pr%C3%BCf%20%281%29.pdf`],
    ['../../etc/passwd', `attachment; filename="passwd"; filename*=UTF-8''passwd`],
    ['C:\\x\\a.exe', `attachment; filename="a.exe"; filename*=UTF-8''a.exe`],
    ['..', `attachment; filename="file"; filename*=UTF-8''file`],
    ['', `attachment; filename="file"; filename*=UTF-8''file`],
    ['a\r\nX: 1.txt', `attachment; filename="aX: 1.txt"; filename*=UTF-8''aX%3A%201.txt`],
    ['photo\u202egpj.exe', `attachment; filename="photogpj.exe"; filename*=UTF-8''photogpj.exe`],
  ])('%j', (name, header) => expect(contentDisposition(name)).toBe(header))

  it('is one header value, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) =>
        /^attachment; filename="[^"\\\r\n]*"; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]*$/.test(
          contentDisposition(name),
        ),
      ),
    )
  })
})
