import { RE2JS as Real } from 're2js'
import { expect, it } from 'vitest'
import { complete } from './pending.ts'
import { RE2JS, RE2JSException } from './re2js.ts'
import tr46 from './tr46.ts'
import { isMap, LineCounter, parseAllDocuments } from './yaml.ts'

it('starts again after each table it turned out to need', async () => {
  let runs = 0
  const found = await complete(() => {
    runs++
    const domain = tr46.toASCII('müller.example')!
    return RE2JS.compile('^XN--', RE2JS.CASE_INSENSITIVE).matcher(domain).find()
  })
  expect({ found, runs }).toEqual({ found: true, runs: 3 })
})
it('passes other errors on, and knows what a wrong pattern throws', async () => {
  const kind = await complete(() => {
    try {
      RE2JS.compile('(?=a)', 0)
      return 'taken'
    } catch (problem) {
      if (problem instanceof RE2JSException) return 'refused'
      throw problem
    }
  })
  expect(kind).toBe('refused')
  expect(RE2JS.CASE_INSENSITIVE).toBe(Real.CASE_INSENSITIVE)
  expect(new Error('other') instanceof RE2JSException).toBe(false)
  await expect(
    complete(() => {
      throw new TypeError('other')
    }),
  ).rejects.toThrow('other')
})
it('reads YAML by the parser, with places', async () => {
  const place = await complete(() => {
    const lineCounter = new LineCounter()
    const [document] = parseAllDocuments('a: 1\nb: 2\n', { lineCounter })
    return isMap((document as { contents: unknown }).contents) ? lineCounter.linePos(5) : null
  })
  expect(place).toEqual({ line: 2, col: 1 })
})
