import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../shared/fault/index.ts'
import { proxyV2 } from '../../../test/support/proxy-header.ts'
import { readProxyHeader } from './proxy-header.ts'

function read(bytes: Buffer | string): unknown {
  try {
    return readProxyHeader(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  } catch (error) {
    return (error as Fault).code
  }
}

const V1 = 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n'
const V6 = 'PROXY TCP6 2001:db8::7 2001:db8::1 56324 25\r\n'

describe('PROXY header', () => {
  it.each([
    ['version 1', Buffer.from(V1), '192.0.2.7'],
    ['version 1 with IPv6', Buffer.from(V6), '2001:db8::7'],
    ['version 2', proxyV2({ source: '192.0.2.7' }), '192.0.2.7'],
    ['version 2 with IPv6', proxyV2({ source: '2001:db8::7' }), '2001:db8::7'],
    ['version 2 with IPv4 within IPv6', proxyV2({ source: '::ffff:192.0.2.7' }), '192.0.2.7'],
    ['version 2 with extensions', proxyV2({ source: '192.0.2.7', extensions: '03000401020304' }), '192.0.2.7'],
  ])('%s names the client, and what follows is the client’s', (_name, header, address) => {
    expect(read(Buffer.concat([header, Buffer.from('EHLO x\r\n')]))).toMatchObject({
      length: header.length,
      source: { address },
    })
    for (let cut = 1; cut < header.length; cut++) expect(read(header.subarray(0, cut))).toBeNull()
  })

  it.each([
    ['LOCAL', proxyV2({ command: 0 })],
    ['UNSPEC', proxyV2({ family: 0 })],
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n')],
    ['UNKNOWN with words', Buffer.from('PROXY UNKNOWN ff:: ff:: 1 2\r\n')],
  ])('%s speaks for the proxy itself', (_name, header) => {
    expect(read(header)).toEqual({ length: header.length, source: null })
  })

  it.each([
    ['a greeting', 'EHLO x\r\n'],
    ['lower case', 'proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n'],
    ['an address of the other family', 'PROXY TCP4 2001:db8::7 198.51.100.1 1 2\r\n'],
    ['a name', 'PROXY TCP4 client.example 198.51.100.1 1 2\r\n'],
    ['an octet too large', 'PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n'],
    ['a port too large', 'PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n'],
    ['a port with a zero in front', 'PROXY TCP4 192.0.2.7 198.51.100.1 025 2\r\n'],
    ['a word too few', 'PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n'],
    ['two spaces', 'PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n'],
    ['LF alone', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n'],
    ['a line without an end', `PROXY TCP4 ${'1'.repeat(120)}`],
    ['a scope', 'PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n'],
    ['UDP', proxyV2({ family: 0x12 })],
    ['a UNIX socket', proxyV2({ family: 0x31 })],
    ['version 3', proxyV2({ version: 3 })],
    ['an unknown command', proxyV2({ command: 2 })],
    ['too short for its addresses', proxyV2({ size: 11 })],
    ['a length that nobody needs', proxyV2({ size: 65_535 })],
    ['an extension that is cut off', proxyV2({ source: '192.0.2.7', extensions: '0300ff01' })],
  ])('%s is refused', (_name, header) => {
    expect(read(header)).toBe('proxy-header')
  })

  it('answers anything with a header, a refusal or the wish for more', () => {
    fc.assert(
      fc.property(fc.constantFrom(Buffer.from(V1), proxyV2({})), fc.nat(60), fc.nat(255), (header, at, byte) => {
        const bent = Buffer.from(header)
        bent[at % bent.length] = byte
        const result = read(bent)
        expect(result === null || result === 'proxy-header' || typeof result === 'object').toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})
