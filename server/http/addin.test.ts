import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OfficeAddinManifest, validateManifest } from 'office-addin-manifest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkManifest } from '../../addin/manifest/check.ts'
import type { FetchFile } from '../../addin/manifest/check-files.ts'
import { type TestHouse, testHouse } from '../../test/support/http-services.ts'
import { type App, createHttpApp } from './app.ts'

const HOST = 'https://mail.klinik.example'

let house: TestHouse
let app: App
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secflow-addin-'))
  house = await testHouse()
  app = await at(HOST)
})
afterAll(async () => {
  await app.close()
  await house[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const at = (publicUrl: string, addin = {}) =>
  createHttpApp({ ...house.services, config: { ...house.services.config, publicUrl, addin } })
const get = (url: string, on = app, headers = {}) => on.inject({ method: 'GET', url, headers })

const fetchFile: FetchFile = async (url) => {
  if (!url.startsWith(`${HOST}/`)) return 'another host'
  const { statusCode, rawPayload, headers } = await get(url.slice(HOST.length))
  return statusCode === 200
    ? { bytes: rawPayload, cacheControl: headers['cache-control'] ?? null }
    : `the host answers ${statusCode}`
}

describe.each(['', '-block'])('manifest%s', (ending) => {
  it('has nothing against it: with its pictures, its script and the other reader of such files', async () => {
    const { payload, headers } = await get(`/addin/manifest${ending}.xml`)
    expect(headers['content-type']).toContain('application/xml')
    const findings = await checkManifest(payload, fetchFile)
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(findings.map(({ rule }) => rule)).toEqual(ending === '-block' ? ['event'] : [])
    const file = join(folder, `manifest${ending}.xml`)
    writeFileSync(file, payload)
    const read = await OfficeAddinManifest.readManifestFile(file)
    expect(read).toMatchObject({
      officeAppType: 'MailApp',
      version: '1.0.0.0',
      permissions: 'ReadWriteItem',
      hosts: ['Mailbox'],
      appDomains: [HOST],
      defaultLocale: 'en-US',
    })
    expect(payload).toContain(`SendMode="${ending ? 'Block' : 'SoftBlock'}"`)
  })

  it('has a unified form that the published schema takes, with the same id', async () => {
    const { payload } = await get(`/addin/manifest${ending}.json`)
    const file = join(folder, `manifest${ending}.json`)
    writeFileSync(file, payload)
    const { isValid, report } = await validateManifest(file)
    expect([isValid, report?.errors]).toEqual([true, undefined])
    const { id, extensions } = JSON.parse(payload)
    expect((await get(`/addin/manifest${ending}.xml`)).payload).toContain(`<Id>${id}</Id>`)
    expect(extensions[0].autoRunEvents[0].events.at(-1).options.sendMode).toBe(ending ? 'block' : 'softBlock')
    const zip = await get(`/addin/package${ending}.zip`)
    for (const name of ['manifest.json', 'de.json', 'color.png', 'outline.png'])
      expect(zip.rawPayload.includes(name)).toBe(true)
  })
})

describe('the id of the add-in', () => {
  const idOn = async (publicUrl: string, addin = {}) => {
    const one = await at(publicUrl, addin)
    const id = /<Id>(.*?)<\/Id>/.exec((await get('/addin/manifest.xml', one)).payload)?.[1]
    await one.close()
    return id
  }

  it('is the same after every start and on every node, and another for another host', async () => {
    const id = await idOn(HOST)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(await idOn(`${HOST}/`)).toBe(id)
    expect(await idOn('https://mail.other.example')).not.toBe(id)
  })

  it('is the configured one where one is', async () => {
    const id = '3f1b5e0a-8f0c-4f6e-9f0e-7c3b2a1d4e5f'
    expect(await idOn(HOST, { id })).toBe(id)
  })
})

describe('what Outlook loads', () => {
  it('is the script of the events, small, cached and asked for again', async () => {
    const { headers, payload, statusCode } = await get('/addin/launchevent.js')
    expect([statusCode, headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8'])
    expect(payload.length).toBeLessThan(15 * 1024)
    expect(headers['cross-origin-resource-policy']).toBe('cross-origin')
    const again = await get('/addin/launchevent.js', app, { 'if-none-match': headers.etag })
    expect([again.statusCode, again.payload]).toEqual([304, ''])
  })

  it('is a page that Outlook may frame and that loads Office.js alone from elsewhere', async () => {
    const { headers, payload } = await get('/addin/launchevent.html')
    expect(headers).not.toHaveProperty('x-frame-options')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain('frame-ancestors')
    expect(policy).toContain('https://outlook.office.com')
    expect(policy).toContain("default-src 'none'")
    expect(payload.match(/https?:\/\/[^/"]+/g)).toEqual(['https://appsforoffice.microsoft.com'])
    expect((await get('/docs')).headers['x-frame-options']).toBe('DENY')
  })

  it('is allowed by the file that classic Outlook looks for', async () => {
    const { payload } = await get('/.well-known/microsoft-officeaddins-allowed.json')
    expect(JSON.parse(payload)).toEqual({ allowed: [`${HOST}/addin/launchevent.js`] })
  })

  it('is there for a whole office behind one address', async () => {
    const limits = { ...house.services.config.limits, requests: 3 }
    const limited = await createHttpApp({ ...house.services, config: { ...house.services.config, limits } })
    for (let n = 0; n < 10; n++) expect((await get('/addin/launchevent.js', limited)).statusCode).toBe(200)
    await limited.close()
  })

  it('is nothing else', async () => {
    for (const url of ['/addin/', '/addin/../package.json', '/addin/icons/', '/addin/icons/icon-7.png'])
      expect((await get(url)).statusCode).toBe(404)
  })
})
