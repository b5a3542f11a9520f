import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { parseProtection, serializeProtection } from '../protection.ts'
import { parseForeignMapping, writeForeignMapping } from './document.ts'
import type { ForeignIntent } from './mapping.ts'
import { FOREIGN_PRODUCTS } from './products.ts'
import { readForeignHeaders, readForeignSubject } from './read-intent.ts'
import { readSteeringSubject } from './steering-subject.ts'

const GUID = '11111111-2222-3333-4444-555555555555'
const of = (products: string, unsafe = false): ForeignIntent => ({
  products: FOREIGN_PRODUCTS.filter(({ product }) => products === '*' || products.split(' ').includes(product)),
  labels: { [GUID]: 'secret', 'official:sensitive': 'confidential' },
  unsafe,
})
/** What a subject says and how it leaves. */
function subject(text: string, foreign: ForeignIntent): [string, string, readonly string[]] {
  const read = readSteeringSubject(text, [], foreign)
  return [read.subject, serializeProtection(read.protection), read.warnings]
}
const header = (name: string, value: string, foreign: ForeignIntent, more = {}) =>
  readForeignHeaders({ [name]: [value], ...more }, foreign)

describe('SEPPmail', () => {
  const sepp = of('seppmail')
  it.each([
    ['x-smplain', 'yes', ['plain']],
    ['x-smenc', 'YES', ['encrypt']],
    ['x-smenc', 'no', []],
    ['x-smwebmail', 'yes', ['portal']],
    ['sensitivity', 'companyconfidential', ['encrypt']],
    ['sensitivity', 'Company-Confidential', ['encrypt']],
    ['sensitivity', 'Private', ['portal']],
    ['sensitivity', 'Personal', []],
    ['x-eswmail-noreply', 'yes', []],
  ])('%s: %s', (name, value, protection) => {
    expect(header(name, value, sepp).protection).toEqual(protection)
  })
  it('makes a receipt of the request for one, with the portal only', () => {
    const asked = { 'disposition-notification-to': ['a@x.example'] }
    expect(header('x-smwebmail', 'yes', sepp, asked).protection).toEqual(['portal', 'receipt'])
    expect(header('x-smenc', 'yes', sepp, asked).protection).toEqual(['encrypt'])
  })
  it.each([
    ['Offer [plain]', 'Offer', 'plain'],
    ['An [Confidential] offer', 'An offer', 'encrypt'],
    ['[priv]Offer', 'Offer', 'portal'],
    ['Offer [sms:0041791234567]', 'Offer', 'pdf;sms="+41791234567"'],
    ['[sms:+41 79 123 45 67] Offer', 'Offer', 'pdf;sms="+41791234567"'],
    ['[zip] Offer', 'Offer', ''],
    ['[private] Offer', '[private] Offer', ''],
    ['[sms:soon] Offer', '[sms:soon] Offer', ''],
  ])('%s', (text, rest, protection) => expect(subject(text, sepp).slice(0, 2)).toEqual([rest, protection]))
  it('takes [emptypw] for a safer one and warns', () => {
    expect(subject('Offer [emptypw]', sepp)).toEqual(['Offer', 'portal;second-factor', ['[emptypw] is unsafe']])
    expect(subject('Offer [emptypw]', of('seppmail', true))).toEqual(['Offer', 'portal', ['[emptypw] is unsafe']])
  })
})

describe('NoSpamProxy', () => {
  const nsp = of('nospamproxy')
  it.each([
    ['[PW] Offer', 'Offer', 'pdf'],
    ['Offer [ p w ]', 'Offer', 'pdf'],
    ['[PDF, SMS:No] Offer', 'Offer', 'pdf'],
    ['[sms:no][pdf]Offer[Delivery confirmation]', 'Offer', 'pdf, receipt'],
    ['[Unencrypted] Offer', 'Offer', 'plain'],
    ['An [SMS:No] offer', 'An [SMS:No] offer', ''],
    ['[Project X] Offer', '[Project X] Offer', ''],
    ['[PW, Project X] Offer', '[Project X] Offer', 'pdf'],
  ])('%s', (text, rest, protection) => expect(subject(text, nsp).slice(0, 2)).toEqual([rest, protection]))
  it('never lets a password in the subject leave, nor stand in a note', () => {
    const read = readForeignSubject('Offer [PW:secret4312]', nsp)
    expect(read.subject).toBe('Offer')
    expect(read.protection).toEqual(['pdf'])
    expect(JSON.stringify(read)).not.toContain('secret4312')
    expect(read.warnings).toHaveLength(1)
  })
  it('knows its header', () => {
    expect(header('x-nospamproxy-requireattachmentpassword', 'true', nsp).protection).toEqual(['pdf'])
  })
})

describe('others', () => {
  it.each([
    ['hornetsecurity', 'CRYPT Offer', 'Offer', 'encrypt'],
    ['hornetsecurity', 'crypt Offer', 'crypt Offer', ''],
    ['hornetsecurity', 'Offer CRYPT', 'Offer CRYPT', ''],
    ['hornetsecurity', 'CRYPTO news', 'CRYPTO news', ''],
    ['hornetsecurity', 'NOCRYPT Offer', 'Offer', 'plain'],
    ['hornetsecurity', 'SIGN Offer', 'Offer', 'sign'],
    ['hornetsecurity', 'WEBSAFE Offer', 'Offer', 'portal'],
    ['ciphermail', 'An [encrypt] offer', 'An offer', 'encrypt'],
    ['microsoft', 'Offer [secure]', 'Offer', 'encrypt'],
    ['vipre', '[Encrypt] Offer', 'Offer', 'encrypt'],
    ['incamail', '<c> Offer', 'Offer', 'encrypt'],
    ['incamail', '<p>Offer', 'Offer', 'portal;second-factor'],
    ['incamail', '<r> Offer', 'Offer', 'portal, receipt'],
    ['incamail', 'a <r> Offer', 'a <r> Offer', ''],
    ['privasphere', 'eLs!: Offer', 'Offer', 'portal, receipt'],
    ['privasphere', 'eLs!Pdf: Offer', 'Offer', 'pdf, receipt'],
    ['privasphere', 'eLs!MiMe: Offer', 'Offer', 'smime, receipt'],
    ['privasphere', 'els!: Offer', 'els!: Offer', ''],
    ['mydata', '[encrypted] Offer', '[encrypted] Offer', ''],
  ])('%s: %s', (product, text, rest, protection) => {
    expect(subject(text, of(product)).slice(0, 2)).toEqual([rest, protection])
  })
  it('reads labels of Microsoft by GUID, those of other organisations not', () => {
    const value = `MSIP_Label_${GUID}_Enabled=True;MSIP_Label_${GUID}_SetDate=2026;MSIP_Label_99999999-2222-3333-4444-555555555555_Enabled=true`
    const read = header('msip_labels', value, of('microsoft'))
    expect(read.classification).toEqual(['secret'])
    expect(read.warnings).toHaveLength(1)
    expect(header('msip_labels', `MSIP_Label_${GUID}_Enabled=False`, of('microsoft')).classification).toEqual([])
  })
  it('reads markings, mapped or as they are', () => {
    const marking = of('australian-marking mydata')
    const value = 'VER=2018.6, NS=gov.au, SEC=OFFICIAL:Sensitive, ORIGIN=a@x.example'
    expect(header('x-protective-marking', value, marking).classification).toEqual(['confidential'])
    expect(readForeignSubject('Offer [SEC=OFFICIAL:Sensitive]', marking)).toMatchObject({
      subject: 'Offer',
      classification: ['confidential'],
    })
    expect(header('x-classification', 'restricted', marking).classification).toEqual(['restricted'])
  })
  it('reads envelope options of Cisco and PrivaSphere', () => {
    expect(header('x-postx-expirationdate', '+24:00:00', of('cisco')).protection).toEqual(['portal;expires=86400'])
    expect(header('x-postx-expirationdate', 'soon', of('cisco')).protection).toEqual([])
    expect(header('x-psph-registered-request', '1', of('privasphere')).protection).toEqual(['portal, receipt'])
  })
})

describe('the mapping', () => {
  it('means only what the grammar knows', () => {
    for (const { headers, tags, flags, recipients = [] } of FOREIGN_PRODUCTS) {
      for (const { protection = '', instead = '' } of [...headers, ...tags, ...flags, ...recipients]) {
        const filled = [protection, instead].map((text) =>
          text.replace('{phone}', '+4912345678').replace('{expires}', '60'),
        )
        expect(
          parseProtection(filled.filter(Boolean)).notes.filter((note) => !note.includes('more than once')),
        ).toEqual([])
      }
    }
  })
  it('is the same as a file', () => {
    expect(parseForeignMapping(writeForeignMapping(FOREIGN_PRODUCTS))).toEqual(FOREIGN_PRODUCTS)
    expect(() => parseForeignMapping('kind: ForeignIntent')).toThrow(/apiVersion/)
    expect(() =>
      parseForeignMapping('apiVersion: secflow/v1\nkind: ForeignIntent\nspec: {products: [{product: x, tagz: []}]}'),
    ).toThrow(/tagz/)
  })
  it('takes any subject, leaves nothing it knows, and takes out nothing when nothing is known', () => {
    const all = of('*')
    const piece = fc.constantFrom(
      '[',
      ']',
      '[PW:',
      'a]',
      '[pdf]',
      ',',
      ' ',
      'CRYPT',
      '[sms:+49',
      '123456789]',
      'x',
      '<c>',
      '[SEC=',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('')
        const once = readForeignSubject(text, all)
        if (once.found.length === 0) expect(once.subject).toBe(text)
        else if (once.found.length < 30) expect(readForeignSubject(once.subject, all).found).toEqual([])
        expect(readForeignSubject(text, of('')).subject).toBe(text)
      }),
    )
    const start = cpuMs()
    for (const hostile of ['[', '[sms:+4', '[PW:', '[SEC=', '[PDF]']) readForeignSubject(hostile.repeat(100_000), all)
    expect(cpuMs() - start).toBeLessThan(2_000)
  })
})
