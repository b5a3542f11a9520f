import type { OpenedFacts } from '../../../../shared/domain/index.ts'
import type { OpenedLayer, OpenedMail } from './result.ts'

/** What rules see of an opened mail. */
export function openedFacts({ layers, verdict }: Pick<OpenedMail, 'layers' | 'verdict'>): OpenedFacts {
  const encrypted = layers.filter(({ kind }) => kind.endsWith('-encrypted'))
  return {
    verdict: verdict.state,
    signer: verdict.signer?.address ?? null,
    encryption: encryption(encrypted),
    ...(verdict.damage ? { damage: verdict.damage } : { damage: null }),
  }
}

function encryption(layers: readonly OpenedLayer[]): OpenedFacts['encryption'] {
  if (layers.length === 0) return 'none'
  if (layers.every(({ state }) => state === 'decrypted')) return 'decrypted'
  return layers.some(({ state }) => state !== 'decrypted' && state !== 'no-integrity') ? 'closed' : 'no-integrity'
}
