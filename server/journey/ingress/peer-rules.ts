import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../../shared/fault/index.ts'
import type { Metrics } from '../../ports/log.ts'
import { isLoopback, networksOf } from './networks.ts'
import { createPeerCounters } from './peer-limits.ts'
import type { SmtpIngressOptions, SmtpLimits } from './smtp-options.ts'

/** How far limits by peer go: not for `trusted`; `known` may send as much as it wants, its failures count. */
export type PeerStanding = 'stranger' | 'known' | 'trusted'

export interface Peer {
  readonly address: string
  readonly standing: PeerStanding
}

/** Recipients are tried from this part of their limit on: from here the answers take longer and longer. */
const SLOW_FROM = 0.2

/** What a peer may do; every method throws the fault that refuses it, and counts it in `smtp_limited_total`. */
export function createPeerRules(
  { trusted = [], known = [] }: Pick<SmtpIngressOptions, 'trusted' | 'known'>,
  limits: SmtpLimits,
  metrics: Metrics,
  /** Aborted when the service stops: then nobody waits any more. */
  stopping: AbortSignal,
) {
  const counters = createPeerCounters(limits, Date.now)
  const isTrusted = networksOf(trusted)
  const isKnown = networksOf(known)

  function limited(limit: string, fault: ConstructorParameters<typeof Fault>[0]): Fault {
    metrics.count('smtp_limited_total', { limit })
    return new Fault(fault)
  }

  return {
    /** `local`: of this machine. The loopback interface of a proxy's machine is not ours. */
    standingOf(address: string, local: boolean): PeerStanding {
      if (isTrusted(address) && (local || !isLoopback(address))) return 'trusted'
      return isKnown(address) ? 'known' : 'stranger'
    },

    /** Counts a session in; raises `too-many-connections`. `open`: sessions so far. */
    enter({ address, standing }: Peer, open: number): void {
      const room = limits.connections - (standing === 'stranger' ? limits.reserved : 0)
      if (open >= room) throw limited('connections', 'too-many-connections')
      if (!counters.enter(address, standing === 'stranger')) throw limited('connectionsPerPeer', 'too-many-connections')
    },

    leave: counters.leave,

    /** Counts what a stranger sends; raises `rate-exceeded`. */
    sends({ address, standing }: Peer, what: 'messages' | 'recipients'): void {
      if (standing === 'stranger' && counters.count(address, what) > 1) throw limited(what, 'rate-exceeded')
    },

    /** Whoever tries recipients waits longer and longer for his answer, then he has to go: raises `too-many-refusals`. */
    async wasRefused({ address, standing }: Peer): Promise<void> {
      if (standing === 'trusted') return
      const fullness = counters.count(address, 'refusedRecipients')
      if (fullness > 1) throw limited('refusedRecipients', 'too-many-refusals')
      const delay = Math.ceil(((fullness - SLOW_FROM) / (1 - SLOW_FROM)) * limits.slowDownMs)
      if (delay > 0) await sleep(delay, undefined, { signal: stopping }).catch(() => {})
    },

    /** Before a password is looked at; raises `too-many-sign-ins`. */
    signsIn({ address, standing }: Peer): void {
      if (standing !== 'trusted' && counters.spent(address, 'failedSignIns'))
        throw limited('failedSignIns', 'too-many-sign-ins')
    },

    failedToSignIn({ address, standing }: Peer): void {
      if (standing !== 'trusted') counters.count(address, 'failedSignIns')
    },
  }
}
