import type { CopyRecord, Job, JobSpec, Receipt } from '../../../shared/domain/index.ts'
import type { HopFacts, Route } from '../../ports/transport.ts'
import type { Leg } from '../route-of.ts'
import type { DeliverPayload } from './payload.ts'

/**
 * The route as this copy may use it: where TLS is how the policy protects it, nothing leaves without a verified next hop,
 * also when the route was changed to less since.
 */
export function asProtected(route: Route, copy: Pick<CopyRecord, 'steps'>): Route {
  const protects = copy.steps.some((step) => step.do === 'protect' && step.method === 'tls')
  return protects && route.tls !== 'implicit' ? { ...route, tls: 'verified' } : route
}

/** One job for each next hop in place of one for several. Their steps are new: the old one is done and stays taken. */
export function splitJobs(job: Job, payload: DeliverPayload, legs: readonly Leg[]): JobSpec[] {
  return legs.map(({ lane, recipients }) => {
    const root = `${payload.root ?? job.step}/${lane}`
    const next: DeliverPayload = { ...payload, recipients, root }
    const step = `${root}#${payload.attempt ?? 1}`
    return { queue: job.queue, message: job.message, lane, step, payload: next, runAt: job.runAt }
  })
}

const PROOF = { dane: 'DANE', 'mta-sts': 'MTA-STS', name: 'name and authority' } as const

/** The receipt with how the mail travelled to the next hop as its last layer; null where there is nothing to add. */
export function withSession(receipt: Receipt | null, hop: HopFacts | undefined): Receipt | null {
  if (!receipt || !hop) return null
  const proof = hop.by ? `next hop verified by ${PROOF[hop.by]}` : 'next hop not verified'
  const layer = hop.version ? `${hop.version}, ${hop.cipher ?? 'unknown cipher'}, ${proof}` : 'transport without TLS'
  return { ...receipt, layers: [...receipt.layers, layer] }
}
