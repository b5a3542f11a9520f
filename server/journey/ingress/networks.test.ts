import { describe, expect, it } from 'vitest'
import { networksOf, peerKey, plainAddress } from './networks.ts'

describe('peers', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::5:0:0:0:1', '2001:db8:0:5::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ])('%s counts as %s', (address, key) => {
    expect(peerKey(address)).toBe(key)
  })

  it('finds an address in networks of both families', () => {
    const inside = networksOf(['192.0.2.0/24', '2001:db8::/32', '198.51.100.1'])
    expect(['192.0.2.9', '2001:db8:5::1', '198.51.100.1'].every(inside)).toBe(true)
    expect(['192.0.3.9', '2001:db9::1', '198.51.100.2'].some(inside)).toBe(false)
    expect(networksOf([])('127.0.0.1')).toBe(false)
    expect(plainAddress('::ffff:192.0.2.1')).toBe('192.0.2.1')
  })
})
