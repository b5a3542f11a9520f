import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { withoutMarks } from './subject-mark.ts'

const MARKS = ['[verified]', '[decrypted]', '🔒 geprüft']
const clean = (subject: string) => withoutMarks(subject, MARKS)

describe('forged subject marks', () => {
  it.each([
    ['[verified] Pay', 'Pay'],
    ['Re: [Verified] Pay', 'Re: Pay'],
    ['Pay [ v e r i f i e d ]', 'Pay'],
    ['[verified][decrypted] Pay', 'Pay'],
    ['[ver[verified]ified] Pay', 'Pay'],
    ['［ｖｅｒｉｆｉｅｄ］ Pay', 'Pay'],
    ['(verified) Pay', 'Pay'],
    ['〔verified〕 Pay', 'Pay'],
    ['[𝐯𝐞𝐫𝐢𝐟𝐢𝐞𝐝] Pay', 'Pay'],
    ['[ⓥⓔⓡⓘⓕⓘⓔⓓ] Pay', 'Pay'],
    ['[vеrіfіеԁ] Pay', 'Pay'],
    ['[ᴠᴇʀɪғɪᴇᴅ] Pay', 'Pay'],
    ['[ver1f1ed] Pay', 'Pay'],
    ['[vérïfíéd] Pay', 'Pay'],
    ['[v\u0336e\u0336r\u0336i\u0336f\u0336i\u0336e\u0336d\u0336] Pay', 'Pay'],
    ['[ver\u200b\u00ad\ufeffified] Pay', 'Pay'],
    ['[ver\u{e0041}ified] Pay', 'Pay'],
    ['🔐 gepruft Pay', 'Pay'],
    ['🔒geprüft Pay', 'Pay'],
    ['=?utf-8?Q?=5Bverified=5D?= Pay', 'Pay'],
    ['+AFs-verified+AF0- Pay', 'Pay'],
  ])('%j reads %j', (subject, shown) => expect(clean(subject)).toBe(shown))

  it('written from right to left goes, too', () => {
    expect(clean('\u202e]deifirev[ Pay')).not.toContain('deifirev')
    expect(clean('Pay \u2067[deifirev]\u2069 now')).not.toContain('deifirev')
  })

  it.each([
    'Verified accounts',
    'The [verify] step',
    '[срочно] Счёт',
    '[Projekt 12] Übergabe',
    'Re: AW: [dept] verified',
    'Ärzte ohne Grenzen',
    '+49 151 2345678',
    '',
  ])('%j stays as it is', (subject) => expect(clean(subject)).toBe(subject))

  it('without marks of our own nothing is looked at', () => {
    expect(withoutMarks('[verified]  two  spaces', [])).toBe('[verified]  two  spaces')
  })

  it('no mark is left, whatever stands around and inside of it; and it is done in no time', () => {
    const piece = fc.oneof(
      fc.constantFrom('[', ']', 'ver', 'ified', '[verified]', '\u200b', ' ', '【', 'ｖ'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const subject = clean(pieces.join(''))
        expect(subject.normalize('NFKC').toLowerCase()).not.toContain('[verified]')
        expect(clean(subject)).toBe(subject)
      }),
      { numRuns: 500 },
    )
    const started = cpuMs()
    for (const long of ['['.repeat(100_000), '[verified'.repeat(10_000), '[verified]'.repeat(10_000)]) clean(long)
    expect(cpuMs() - started).toBeLessThan(2_000)
  })
})
