import type { VerdictAnswer } from '../../../shared/contract/index.ts'

/** How an inbound verdict looks. `unverified`: the verdict itself is not by the gateway, so nothing of the mail is said. */
export type Tone = 'good' | 'partly' | 'bad' | 'unknown' | 'unverified'

const TONES: Readonly<Record<VerdictAnswer['state'], Tone>> = {
  good: 'good',
  internal: 'good',
  unsigned: 'partly',
  'unknown-signer': 'partly',
  'from-differs': 'bad',
  expired: 'partly',
  revoked: 'bad',
  weak: 'partly',
  unusable: 'partly',
  broken: 'bad',
  'not-covered': 'partly',
  forwarded: 'partly',
  'no-integrity': 'bad',
  undecryptable: 'unknown',
  'not-opened': 'unknown',
  'too-deep': 'unknown',
  plain: 'unknown',
  unverified: 'unverified',
}

/** A state that a newer service knows promises nothing. */
export const toneOf = (state: string): Tone =>
  Object.hasOwn(TONES, state) ? TONES[state as VerdictAnswer['state']] : 'unknown'
