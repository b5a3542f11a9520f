import { createHash } from 'node:crypto'
import { parse } from 'parse5'
import { describe, expect, test } from 'vitest'
import { type Access, type MessageId, tenantId } from '../../../../shared/domain/index.ts'
import { grantUrl, newGrant, tokenHashOf } from './grant.ts'
import { linkBlock } from './link-block.ts'
import { portalNotice } from './portal-notice.ts'
import { sizeInWords } from './wording.ts'

const expiresAt = Date.UTC(2026, 11, 24, 16, 5)
const url = 'https://mail.clinic.example/portal/clinic/abc'
const file = { name: 'ct-01.dcm', size: 119_800_000, sha256: 'a'.repeat(64) }
const levels: Access[] = ['link', 'link-code', 'password', 'portal', 'portal-2fa']

describe('linkBlock', () => {
  test('names files, size, checksum, expiry with zone, access and one link, in both languages', () => {
    const german = linkBlock({
      language: 'de',
      files: [file],
      url,
      access: 'portal-2fa',
      expiresAt,
      timeZone: 'Europe/Berlin',
    })
    for (const body of [german.text, german.html]) {
      for (const word of [
        'ct-01.dcm',
        '120 MB',
        'SHA-256 aaaaaaaaaaaaaaaa…',
        '24. Dezember 2026',
        '17:05',
        'MEZ',
        'Mobiltelefon',
        url,
      ]) {
        expect(body).toContain(word)
      }
      expect(body.split(url)).toHaveLength(2)
    }
    const english = linkBlock({ language: 'en', files: [file, file], url, access: 'link', expiresAt })
    expect(english.text).toContain('2 files that belong to this message')
    expect(english.text).toContain('24 December 2026 at 16:05 UTC')
  })

  test('each access level is said in other words', () => {
    for (const language of ['de', 'en'] as const) {
      const said = levels.map((access) => linkBlock({ language, files: [file], url, access, expiresAt }).text)
      expect(new Set(said).size).toBe(levels.length)
    }
  })

  test('a hostile file name stays a name', () => {
    const name = '"><img src=x onerror=alert(1)>\r\nBcc: x\u202egpj.exe'
    const block = linkBlock({ language: 'en', files: [{ ...file, name }], url, access: 'link', expiresAt })
    expect(block.html).not.toContain('<img')
    expect(block.text).not.toMatch(/^Bcc:/m)
    expect(block.text).not.toContain('\u202e')
    const problems: string[] = []
    parse(`<!DOCTYPE html><html><head><title>t</title></head><body>${block.html}</body></html>`, {
      onParseError: (error) => problems.push(error.code),
    })
    expect(problems).toEqual([])
  })

  test('a series of thousands is listed in part and counted in full', () => {
    const files = Array.from({ length: 2000 }, () => file)
    const block = linkBlock({ language: 'en', files, url, access: 'link', expiresAt })
    expect(block.text).toContain('2000 files')
    expect(block.text).toContain('+ 1950')
    expect(block.html.length).toBeLessThan(40_000)
  })
})

describe('portalNotice', () => {
  const notice = { language: 'en', sender: 'Dr. <b>A</b>', url, access: 'portal', reply: true, expiresAt } as const

  test('says who and until when, not what', () => {
    const { subject, text, html } = portalNotice(notice)
    expect(subject).toBe('Protected message from Dr. <b>A</b>')
    expect(text).toContain('24 December 2026')
    expect(text.split(url)).toHaveLength(2)
    expect(text).not.toContain('Subject')
    expect(html).not.toContain('<b>')
  })

  test('carries the subject only when it is given, and keeps header lines out of the subject', () => {
    expect(portalNotice({ ...notice, originalSubject: 'Offer 17' }).text).toContain('Subject: Offer 17')
    expect(portalNotice({ ...notice, sender: 'A\r\nBcc: b@example' }).subject).not.toMatch(/[\r\n]/)
  })
})

describe('newGrant', () => {
  const of = {
    message: 'm' as MessageId,
    recipient: 'r@example',
    access: 'link',
    kind: 'files',
    files: ['f'],
    expiresAt,
    now: 1,
  } as const

  test('gives the token out once and keeps its hash', () => {
    const { grant, token } = newGrant(of)
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(JSON.stringify(grant)).not.toContain(token)
    expect(grant.tokenHash).toBe(createHash('sha256').update(token).digest('hex'))
    expect(tokenHashOf(token)).toBe(grant.tokenHash)
    expect(newGrant(of).token).not.toBe(token)
    expect(grant).toMatchObject({
      kind: 'files',
      files: ['f'],
      reply: false,
      phone: null,
      revokedAt: null,
      createdAt: 1,
    })
  })

  test('what cannot be a token has no hash', () => {
    for (const text of ['', 'a', `${'a'.repeat(43)}/`, 'ä'.repeat(43)]) expect(tokenHashOf(text)).toBeNull()
  })

  test('the URL is the base, the tenant and the token', () => {
    expect(grantUrl('https://m.example/', tenantId('clinic'), 'T')).toBe('https://m.example/portal/clinic/T')
  })
})

test('sizeInWords', () => {
  expect([0, 999, 1000, 1500, 999_999, 35_000_000, 5_368_709_120].map((n) => sizeInWords('en', n))).toEqual([
    '0 B',
    '999 B',
    '1 kB',
    '1.5 kB',
    '1 MB',
    '35 MB',
    '5.4 GB',
  ])
  expect(sizeInWords('de', 1500)).toBe('1,5 kB')
})
