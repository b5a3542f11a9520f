import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { readAddressPath } from './address-path.ts'

const mail = (path: string) => readAddressPath('MAIL FROM', `MAIL FROM:${path}`)
const rcpt = (path: string) => readAddressPath('RCPT TO', `rcpt to:${path}`)

describe('addresses of MAIL and RCPT', () => {
  it.each([
    ['<ann@acme.example>', 'ann@acme.example'],
    [' <ann@acme.example>', 'ann@acme.example'],
    ['<>', ''],
    ['<"john doe"@acme.example>', '"john doe"@acme.example'],
    ['<"john"@acme.example>', 'john@acme.example'],
    ['<"a\\@b"@acme.example>', '"a@b"@acme.example'],
    ['<"a\\"b\\\\c"@acme.example>', '"a\\"b\\\\c"@acme.example'],
    ['<ann@[192.0.2.1]>', 'ann@[192.0.2.1]'],
    ['<ann@[IPv6:2001:db8::1]>', 'ann@[IPv6:2001:db8::1]'],
    ['<@relay.example,@other.example:ann@acme.example>', 'ann@acme.example'],
    ['<jörg@bücher.example>', 'jörg@bücher.example'],
    [`<${'v'.repeat(90)}=ann@acme.example>`, `${'v'.repeat(90)}=ann@acme.example`],
  ])('%s is %j', (path, address) => {
    expect(mail(path)?.address).toBe(address)
  })

  it.each([
    'ann@acme.example',
    '<ann@acme.example',
    '<ann>',
    '<@acme.example>',
    '<ann@>',
    '<a@b@acme.example>',
    '<"a"b@acme.example>',
    '<"a@acme.example>',
    '<ann.@acme.example>',
    '<.ann@acme.example>',
    '<a..b@acme.example>',
    '<a b@acme.example>',
    '<ann@acme..example>',
    '<ann@-acme.example>',
    '<ann@[192.0.2.999]>',
    '<ann@[IPv6:fe80::1%eth0]>',
    '<ann@[mail]>',
    '<a\u200bnn@acme.example>',
    `<${'x'.repeat(250)}@acme.example>`,
    '<ann@acme.example> =x',
    '<ann@acme.example> SIZE=',
    '<ann@acme.example>SIZE=1',
    '<ann@acme.example> ENVID=a+0D+0Ab',
    '<ann@acme.example> ENVID=a+b',
    `<ann@acme.example> ENVID=${'x'.repeat(101)}`,
  ])('%s is no address', (path) => {
    expect(mail(path)).toBeNull()
  })

  it('takes <postmaster> as a recipient only', () => {
    expect(rcpt('<Postmaster>')?.address).toBe('Postmaster')
    expect(mail('<postmaster>')).toBeNull()
  })

  it('reads parameters', () => {
    const read = mail('<a@b.example> size=10 BODY=8BITMIME SMTPUTF8 ENVID=Q+2B1')
    expect({ ...(read!.args as object) }).toEqual({ SIZE: '10', BODY: '8BITMIME', SMTPUTF8: true, ENVID: 'Q+1' })
    expect(mail('<a@b.example> RET=FULL ret=HDRS')?.duplicate).toBe('RET')
  })

  it('never takes long to say no', () => {
    const piece = fc.constantFrom('<', '>', '"', '\\', '@', 'a', '.', ':', ',', ' ', '@a,', 'SIZE=1 ', '[IPv6:')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(400), (pieces, times) => {
        const began = cpuMs()
        mail(pieces.join('').repeat(times).slice(0, 4_096))
        expect(cpuMs() - began).toBeLessThan(100)
      }),
      { numRuns: 300 },
    )
  })
})
