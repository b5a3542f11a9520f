import type { Damage, VerdictState } from '../../../../shared/domain/index.ts'
import type { OpenedLayer, Verdict } from './result.ts'
import { wordsOf } from './words.ts'

/** What is said of the mail when layers differ: the first of these that occurs. */
const WORST: readonly VerdictState[] = [
  'broken',
  'undecryptable',
  'too-deep',
  'not-opened',
  'not-covered',
  'revoked',
  'weak',
  'unusable',
  'expired',
  'unknown-signer',
  'from-differs',
  'no-integrity',
  'forwarded',
]

/** Verdicts that a change on the way can be the reason of. */
const DAMAGED: ReadonlySet<VerdictState> = new Set(['broken', 'not-covered', 'from-differs'])

/**
 * The verdict on all layers: as bad as the worst of them, `good` only when nothing is bad and the content itself has a good
 * signature. One around an encryption says who sent the ciphertext: whoever captured it can sign it without knowing what is in
 * it, and would else be named as the author of another's words (RFC 2634 1.1: the inner signature is the one of the content).
 */
export function verdictOn(layers: readonly OpenedLayer[], suspected: Damage | null = null): Verdict {
  const worst = WORST.find((state) => layers.some((layer) => layer.state === state))
  const good = layers.slice(innermostEncryption(layers) + 1).find(({ state }) => state === 'good')
  const state = worst ?? (good ? 'good' : layers.length > 0 ? 'unsigned' : 'plain')
  const damage = DAMAGED.has(state) ? suspected : null
  return { state, words: wordsOf(state, damage), signer: state === 'good' && good ? good.signer : null, damage }
}

/** -1 where nothing is encrypted. */
const innermostEncryption = (layers: readonly OpenedLayer[]) =>
  layers.findLastIndex(({ kind }) => kind.endsWith('-encrypted'))

/**
 * Encryption without integrity of its own is believed only where a good signature inside of it covers the content; everything
 * else of that kind is marked (EFAIL). A signature around it proves nothing: whoever captured and altered a ciphertext can sign
 * that without knowing what is in it.
 */
export function markIntegrity(layers: readonly OpenedLayer[]): OpenedLayer[] {
  return layers.map((layer, at) =>
    layer.state === 'no-integrity' && layers.slice(at + 1).some(({ state }) => state === 'good')
      ? { ...layer, state: 'decrypted', words: wordsOf('decrypted') }
      : layer,
  )
}
