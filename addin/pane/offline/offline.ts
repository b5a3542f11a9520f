import type { Draft, OfflinePolicy, Verdict, Vocabulary } from '../../../shared/contract/index.ts'
import type { Service } from '../api/service.ts'
import { keep, takeKept } from './shelf.ts'

/** What the pane can do without the service. */
export interface Offline {
  /** The verdict of the last signed policy, without what only the service knows; null where no policy is kept or it does not verify. */
  decide(draft: Draft): Promise<Verdict | null>
  vocabulary(): Promise<Vocabulary | null>
  keepVocabulary(vocabulary: Vocabulary): void
  /** Fetches the policy anew, now and then, and what deciding such a draft takes; called after the service answered. */
  refresh(draft: Draft): void
  /** Domains of the organisation, as far as they are known. */
  domains(): readonly string[]
}

/** Ms between looks at whether the policy is still the one that is kept. */
const FRESH = 15 * 60_000

/** `user`: what is kept of one account is not another's. */
export function openOffline(service: Service, user: string | null, language: 'de' | 'en'): Offline {
  const place = (name: string) => `${name}:${user?.toLowerCase() ?? ''}`
  let fetched = Number.NEGATIVE_INFINITY
  let domains: readonly string[] = []
  async function decide(policy: OfflinePolicy, draft: Draft): Promise<Verdict | null> {
    try {
      const { decideOffline } = await import('./decide.ts')
      return await decideOffline(policy, draft, language, new Date().toISOString())
    } catch {
      // Its code, or a table, was not fetched before the connection went.
      return null
    }
  }
  void takeKept<OfflinePolicy>(place('policy')).then((policy) => {
    if (policy && domains.length === 0) domains = policy.domains
  })
  return {
    async decide(draft) {
      const policy = await takeKept<OfflinePolicy>(place('policy'))
      return policy && decide(policy, draft)
    },
    vocabulary: () => takeKept<Vocabulary>(place(`vocabulary-${language}`)),
    keepVocabulary: (vocabulary) => void keep(place(`vocabulary-${language}`), vocabulary),
    refresh(draft) {
      if (performance.now() - fetched < FRESH) return
      fetched = performance.now()
      void (async () => {
        const answer = await service.offlinePolicy()
        if (!answer.ok) return
        domains = answer.value.domains
        await keep(place('policy'), answer.value)
        // Its code and the tables that this policy needs, while there is a connection.
        await decide(answer.value, draft)
      })()
    },
    domains: () => domains,
  }
}
