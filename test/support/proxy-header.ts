import { isIPv6 } from 'node:net'

/** A header of the PROXY protocol, version 2, as a proxy writes it, or bent where a test says so. */
export function proxyV2(
  given: {
    source?: string
    version?: number
    command?: number
    family?: number
    size?: number
    /** Hexadecimal. */
    extensions?: string
  } = {},
): Buffer {
  const { source = '192.0.2.7', version = 2, command = 1, extensions = '' } = given
  const six = isIPv6(source)
  const addresses = Buffer.concat([
    six ? sixteen(source) : Buffer.from(source.split('.').map(Number)),
    six ? sixteen('2001:db8::1') : Buffer.from([198, 51, 100, 1]),
    Buffer.from([0xdc, 0x04, 0, 25]),
    Buffer.from(extensions, 'hex'),
  ])
  const size = given.size ?? addresses.length
  return Buffer.concat([
    Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1'),
    Buffer.from([(version << 4) | command, given.family ?? (six ? 0x21 : 0x11), size >> 8, size & 255]),
    addresses.subarray(0, size),
  ])
}

function sixteen(address: string): Buffer {
  const full = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = full.split('::')
  const before = head.split(':').filter(Boolean)
  const behind = (tail ?? '').split(':').filter(Boolean)
  const groups = [...before, ...Array<string>(8 - before.length - behind.length).fill('0'), ...behind]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
