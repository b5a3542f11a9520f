import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../test/support/cpu-time.ts'
import { type Installation, VERSION } from './addin.ts'
import { checkManifest } from './check.ts'
import { type FetchFile, pngSize } from './check-files.ts'
import { unifiedManifest } from './write-json.ts'
import { xmlManifest } from './write-xml.ts'
import { element, readXml, writeXml } from './xml.ts'

const installation: Installation = {
  base: 'https://mail.example/addin',
  id: '3f1b5e0a-8f0c-4f6e-9f0e-7c3b2a1d4e5f',
  supportUrl: 'https://mail.example/addin/help.html',
  sendMode: 'SoftBlock',
}
const good = xmlManifest(installation)
const fromPublic: FetchFile = async (url) => ({
  bytes: readFileSync(join(import.meta.dirname, '../public', url.slice('https://mail.example/addin/'.length))),
  cacheControl: 'public, max-age=86400',
})

/** The rules that a change of the good manifest breaks. */
async function broken(from: string | RegExp, to: string, fetchFile: FetchFile | null = null): Promise<string[]> {
  const changed = good.replace(from, to)
  expect(changed).not.toBe(good)
  const findings = await checkManifest(changed, fetchFile)
  return [...new Set(findings.map(({ rule }) => rule))]
}

it('finds nothing in our own', async () => {
  expect(await checkManifest(good, fromPublic)).toEqual([])
  expect(await checkManifest(good, null)).toEqual([])
})

it('has a higher version whenever it says something else', () => {
  // Administrators' centres take nothing that is not newer: raise VERSION together with the digest.
  const digest = createHash('sha256')
    .update(good)
    .update(JSON.stringify(unifiedManifest(installation)))
    .digest('hex')
  expect([VERSION, digest.slice(0, 16)]).toEqual(['1.0.0', '5321cbe9a6ccc3e9'])
})

describe('finds', () => {
  it.each<[what: string, from: string | RegExp, to: string, rule: string]>([
    ['elements in another order', /( *<Version>.*\n)( *<ProviderName>.*\n)/, '$2$1', 'order'],
    ['an element that is missing', /<SupportUrl.*\n/, '', 'structure'],
    ['an element twice', /(<Permissions>.*\n)/, '$1$1', 'structure'],
    ['an element that does not belong there', '<Sets>', '<Sets><Label resid="Group.Label"/>', 'structure'],
    ['an element that nobody knows', '</Hosts>', '<Hosted/></Hosts>', 'structure'],
    ['no GUID', /<Id>.*<\/Id>/, '<Id>secflow</Id>', 'id'],
    ['the nil GUID', /<Id>.*<\/Id>/, '<Id>00000000-0000-0000-0000-000000000000</Id>', 'id'],
    ['a version of five numbers', '<Version>1.0.0.0', '<Version>1.0.0.0.1', 'version'],
    ['http', 'https://mail.example/addin/icons/icon-64.png', 'http://mail.example/addin/icons/icon-64.png', 'https'],
    ['http in a resource', /(id="Events.Script" DefaultValue=")https/, '$1http', 'https'],
    ['a domain with a path', '<AppDomain>https://mail.example', '<AppDomain>https://mail.example/addin', 'url'],
    ['a host of this machine', /https:\/\/mail\.example\/addin\/help/, 'https://localhost/help', 'url'],
    ['a name that is too long', 'DisplayName DefaultValue="', `DisplayName DefaultValue="${'x'.repeat(125)}`, 'length'],
    [
      'a label that is too long',
      'id="Group.Label" DefaultValue="',
      `id="Group.Label" DefaultValue="${'x'.repeat(125)}`,
      'length',
    ],
    ['an id that is too long', /Events\.Script/g, `Events.${'S'.repeat(30)}`, 'id'],
    [
      'a button id twice',
      '<Control xsi:type="Button" id="readPane">',
      '<Control xsi:type="Button" id="composePane">',
      'id',
    ],
    ['a resource that nobody defined', '<Label resid="Group.Label"/>', '<Label resid="Group.Name"/>', 'resource'],
    ['a resource of the wrong kind', '<Label resid="Group.Label"/>', '<Label resid="composePane.Tip"/>', 'resource'],
    [
      'a resource that nobody uses',
      '<bt:Urls>',
      '<bt:Urls><bt:Url id="Old" DefaultValue="https://a.example/"/>',
      'unused',
    ],
    ['a text without German', /(<bt:String id="Group.Label".*>)\n.*Override.*\n/, '$1', 'locale'],
    ['the default language again', 'Locale="de-DE"', 'Locale="en-US"', 'locale'],
    ['no language', 'Locale="de-DE"', 'Locale="German"', 'locale'],
    ['a picture that every client wants', /<bt:Image size="32".*\n/, '', 'icon'],
    ['a send mode in other letters', 'SendMode="SoftBlock"', 'SendMode="softBlock"', 'event'],
    ['an event in other letters', 'Type="OnMessageSend"', 'Type="onMessageSend"', 'event'],
    ['an event twice', 'Type="OnMessageFromChanged"', 'Type="OnNewMessageCompose"', 'event'],
    ['a runtime of another page', '<Runtime resid="Events.Page">', '<Runtime resid="composePane.Url">', 'runtime'],
    ['no script for classic Outlook', / *<Override type="javascript".*\n/, '', 'runtime'],
    ['too little permission', 'ReadWriteItem', 'ReadItem', 'permissions'],
    ['a permission that is none', 'ReadWriteItem', 'ReadWrite', 'permissions'],
    ['more than a server of one’s own takes', 'MinVersion="1.5"', 'MinVersion="1.8"', 'requirements'],
    ['less than headers need', 'DefaultMinVersion="1.8"', 'DefaultMinVersion="1.3"', 'requirements'],
    ['the namespace of another version', 'mailappversionoverrides/1.1"', 'mailappversionoverrides/1.2"', 'namespace'],
    ['what is no XML', '</OfficeApp>', '', 'xml'],
    ['a document type', '<OfficeApp', '<!DOCTYPE a [<!ENTITY b "c">]><OfficeApp', 'xml'],
    ['too much', '<Hosts>', `<!--${'x'.repeat(262_144)}--><Hosts>`, 'size'],
  ])('%s', async (_, from, to, rule) => {
    expect(await broken(from, to)).toContain(rule)
  })

  it('a task pane add-in that is not for mail', async () => {
    expect(await broken('xsi:type="MailApp"', 'xsi:type="TaskPaneApp"')).toEqual(['structure'])
  })

  it('where it stands', async () => {
    const [finding] = await checkManifest(good.replace('SendMode="SoftBlock"', 'SendMode="Never"'), null)
    expect(good.split('\n')[finding!.line - 1]).toContain('OnMessageSend')
  })

  it('pictures of another size, that are none, that are missing, that may not be cached', async () => {
    const withFile =
      (change: Partial<Awaited<ReturnType<typeof fromPublic>> & object>): FetchFile =>
      async (url) => {
        const file = await fromPublic(url)
        return typeof file === 'string' || !url.endsWith('icon-128.png') ? file : { ...file, ...change }
      }
    const png = readFileSync(join(import.meta.dirname, '../public/icons/icon-64.png'))
    expect(pngSize(png)).toEqual({ width: 64, height: 64 })
    for (const change of [{ bytes: png }, { bytes: Buffer.from('<svg/>') }, { cacheControl: 'no-store' }]) {
      const findings = await checkManifest(good, withFile(change))
      expect(findings.map(({ rule }) => rule)).toEqual(['icon'])
    }
    const missing = await checkManifest(good, async (url) => (url.endsWith('icon-128.png') ? 'gone' : fromPublic(url)))
    expect(missing.map(({ rule }) => rule)).toEqual(['file'])
  })

  it('a handler that the script does not have', async () => {
    const findings = await broken('FunctionName="onMessageSend"', 'FunctionName="onMailSend"', fromPublic)
    expect(findings).toEqual(['handler'])
  })
})

describe('XML', () => {
  it('is read as it was written', () => {
    const name = fc.constantFrom('a', 'bt:Url', 'Rule')
    const text = fc.string({ unit: 'grapheme' }).map((one) => one.replace(/[\r\n]/g, ' '))
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.tuple(name, text, text).map(([tag, value, inner]) => element(tag, { value }, inner.trim())),
        fc
          .tuple(name, text, fc.array(tie('tree'), { maxLength: 3 }))
          .map(([tag, value, children]) =>
            element(tag, { value, other: value }, children as ReturnType<typeof element>[]),
          ),
      ),
    }))
    const bare = (one: unknown): unknown =>
      JSON.parse(JSON.stringify(one), (key, value) => (key === 'line' ? 0 : value))
    fc.assert(
      fc.property(tree, (one) => {
        expect(bare(readXml(writeXml(one as never)))).toEqual(bare(one))
      }),
    )
  })

  it.each([
    '',
    'a',
    '<a>',
    '<a></b>',
    '<a b=c/>',
    '<a b="1" b="2"/>',
    '<a>&b;</a>',
    '<a/><b/>',
    '<a b="<"/>',
    '<1/>',
    `${'<a>'.repeat(60)}`,
  ])('is not %s', (text) => {
    expect(() => readXml(text)).toThrow()
  })

  it('takes no longer for hostile text', () => {
    const started = cpuMs()
    for (const text of [`<a>${'<!--'.repeat(50_000)}`, `<a ${'b '.repeat(100_000)}`, `<a>${'&'.repeat(200_000)}`])
      expect(() => readXml(text)).toThrow()
    expect(cpuMs() - started).toBeLessThan(5_000)
  })
})
