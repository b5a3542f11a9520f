import { describe, expect, it } from 'vitest'
import { createPeerCounters, type PeerLimits } from './peer-limits.ts'

const LIMITS: PeerLimits = {
  connectionsPerPeer: 2,
  messagesPerPeer: 6,
  recipientsPerPeer: 0,
  failedSignInsPerPeer: 3,
  refusedRecipientsPerPeer: 10,
}

function counters(mostPeers = 100) {
  const clock = { at: 1_000_000 }
  return { clock, peers: createPeerCounters(LIMITS, () => clock.at, { mostPeers }) }
}

describe('limits by peer', () => {
  it('counts sessions, the hosts of one /64 together', () => {
    const { peers } = counters()
    expect(peers.enter('2001:db8::1')).toBe(true)
    expect(peers.enter('2001:db8::2')).toBe(true)
    expect(peers.enter('2001:db8::3')).toBe(false)
    expect(peers.enter('2001:db8:0:1::1')).toBe(true)
    peers.leave('2001:db8::2')
    expect(peers.enter('2001:db8::4')).toBe(true)
  })

  it('forgets a peer that left and did nothing', () => {
    const { peers } = counters()
    peers.enter('192.0.2.1')
    peers.leave('192.0.2.1')
    expect(peers.peers).toBe(0)
  })

  it('lets a peer go on as its bucket empties', () => {
    const { clock, peers } = counters()
    for (let index = 0; index < 6; index++) expect(peers.count('192.0.2.1', 'messages')).toBeLessThanOrEqual(1)
    expect(peers.count('192.0.2.1', 'messages')).toBeGreaterThan(1)
    expect(peers.count('192.0.2.2', 'messages')).toBeLessThanOrEqual(1)
    clock.at += 10_000
    expect(peers.count('192.0.2.1', 'messages')).toBeLessThanOrEqual(1)
    expect(peers.count('192.0.2.1', 'messages')).toBeGreaterThan(1)
    expect(peers.spent('192.0.2.1', 'messages')).toBe(true)
    clock.at += 60_000
    expect(peers.spent('192.0.2.1', 'messages')).toBe(false)
    expect(peers.count('192.0.2.1', 'messages')).toBeCloseTo(1 / 6)
  })

  it('does not punish what was refused for being too much', () => {
    const { clock, peers } = counters()
    for (let index = 0; index < 1_000; index++) peers.count('192.0.2.1', 'messages')
    clock.at += 10_000
    expect(peers.count('192.0.2.1', 'messages')).toBeLessThanOrEqual(1)
  })

  it('has no limit where it is 0', () => {
    const { peers } = counters()
    for (let index = 0; index < 1_000; index++) expect(peers.count('192.0.2.1', 'recipients')).toBe(0)
  })

  it('stands a clock that is set back', () => {
    const { clock, peers } = counters()
    peers.count('192.0.2.1', 'failedSignIns')
    clock.at -= 86_400_000
    expect(peers.count('192.0.2.1', 'failedSignIns')).toBeCloseTo(2 / 3)
  })

  it('remembers a bounded number of peers, those with sessions first', () => {
    const { peers } = counters(50)
    peers.enter('192.0.2.1')
    peers.count('192.0.2.1', 'failedSignIns')
    for (let index = 0; index < 5_000; index++) peers.count(`10.0.${index >> 8}.${index & 255}`, 'messages')
    expect(peers.peers).toBe(50)
    expect(peers.count('192.0.2.1', 'failedSignIns')).toBeCloseTo(2 / 3)
  })
})
