import { peerKey } from './networks.ts'

/** How much one peer may; for every number 0 is "no limit". */
export interface PeerLimits {
  /** Sessions at once. */
  readonly connectionsPerPeer: number
  /** MAIL commands in a minute. */
  readonly messagesPerPeer: number
  /** RCPT commands in a minute. */
  readonly recipientsPerPeer: number
  /** In ten minutes. */
  readonly failedSignInsPerPeer: number
  /** In ten minutes. */
  readonly refusedRecipientsPerPeer: number
}

/** What is counted over time. */
export type Counted = 'messages' | 'recipients' | 'failedSignIns' | 'refusedRecipients'

const MINUTE = 60_000
const WINDOW: Readonly<Record<Counted, number>> = {
  messages: MINUTE,
  recipients: MINUTE,
  failedSignIns: 10 * MINUTE,
  refusedRecipients: 10 * MINUTE,
}
/** Peers that are remembered; some 200 bytes each. */
const MOST_PEERS = 20_000

interface Level {
  amount: number
  /** Epoch ms at which `amount` was right. */
  at: number
}

interface Peer {
  sessions: number
  readonly levels: Partial<Record<Counted, Level>>
}

/**
 * What each peer has done lately (an IPv4 address, a /64 of IPv6). Every count is a bucket that a full window empties: a peer
 * may do all at once what it may do in a window, then as much as runs out. Memory is bounded: the peer that was heard of
 * longest ago is forgotten first, one with open sessions never.
 */
export interface PeerCounters {
  /** Counts a session in; false when the peer has as many as it may, where `limited`. */
  enter(address: string, limited?: boolean): boolean
  leave(address: string): void
  /** Counts, and says how full the bucket is then: above 1 is over the limit. What goes over the limit is not counted. */
  count(address: string, what: Counted): number
  /** Whether one more would be over the limit; counts nothing. */
  spent(address: string, what: Counted): boolean
  readonly peers: number
}

export function createPeerCounters(
  limits: PeerLimits,
  now: () => number,
  options: { readonly mostPeers?: number } = {},
): PeerCounters {
  const most = options.mostPeers ?? MOST_PEERS
  const peers = new Map<string, Peer>()
  const allowed: Readonly<Record<Counted, number>> = {
    messages: limits.messagesPerPeer,
    recipients: limits.recipientsPerPeer,
    failedSignIns: limits.failedSignInsPerPeer,
    refusedRecipients: limits.refusedRecipientsPerPeer,
  }

  function peerOf(address: string): Peer {
    const key = peerKey(address)
    const known = peers.get(key)
    const peer = known ?? { sessions: 0, levels: {} }
    // The order of the map is the order in which they were heard of.
    if (known) peers.delete(key)
    peers.set(key, peer)
    if (!known && peers.size > most) forgetOne(key)
    return peer
  }

  function forgetOne(except: string): void {
    for (const [key, { sessions }] of peers) {
      if (sessions > 0 || key === except) continue
      peers.delete(key)
      return
    }
  }

  function levelNow(peer: Peer | undefined, what: Counted): number {
    const level = peer?.levels[what]
    if (!level) return 0
    return Math.max(0, level.amount - (Math.max(0, now() - level.at) / WINDOW[what]) * allowed[what])
  }

  return {
    enter(address, limited = true) {
      const peer = peerOf(address)
      if (limited && limits.connectionsPerPeer > 0 && peer.sessions >= limits.connectionsPerPeer) return false
      peer.sessions++
      return true
    },
    leave(address) {
      const key = peerKey(address)
      const peer = peers.get(key)
      if (!peer) return
      peer.sessions--
      if (peer.sessions <= 0 && Object.keys(peer.levels).length === 0) peers.delete(key)
    },
    count(address, what) {
      if (allowed[what] === 0) return 0
      const peer = peerOf(address)
      const amount = levelNow(peer, what) + 1
      if (amount <= allowed[what]) peer.levels[what] = { amount, at: now() }
      return amount / allowed[what]
    },
    spent(address, what) {
      return allowed[what] > 0 && levelNow(peers.get(peerKey(address)), what) + 1 > allowed[what]
    },
    get peers() {
      return peers.size
    },
  }
}
