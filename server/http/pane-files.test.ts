import { expect, it } from 'vitest'
import { packedFor, panePage } from './pane-files.ts'

const file = {
  kind: 'js',
  plain: Buffer.from('plain'),
  gzip: Buffer.from('gzip'),
  brotli: Buffer.from('brotli'),
} as const

it.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['br;q=0.000,gzip;q=0', null],
  ['BR ; q=0.1', 'br'],
  ['identity', null],
  ['brotli, xgzip', null],
  [undefined, null],
])('%s gets %s', (accepted, coding) => {
  expect(packedFor(file, accepted).coding).toBe(coding)
})

it('says something before any script ran, and loads Office.js before ours', () => {
  const page = panePage({ files: new Map(), script: 'start-1.js', style: 'pane-1.css', preload: ['a-1.js'] }, 'word')
  const at = (text: string) => page.indexOf(text)
  expect(at('Secflow …')).toBeGreaterThan(0)
  expect(at('Secflow …')).toBeLessThan(at('<script src="https://appsforoffice.microsoft.com/lib/1/hosted/office.js">'))
  expect(at('hosted/office.js')).toBeLessThan(at('<script type="module" nonce="word" src="pane/start-1.js">'))
  expect(page).toContain('<link rel="modulepreload" href="pane/a-1.js">')
})
