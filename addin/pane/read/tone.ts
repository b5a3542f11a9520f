export type Tone = 'good' | 'partly' | 'bad' | 'unknown'

/** How a state of an inbound verdict looks; one that the pane does not know promises nothing. */
export function toneOf(state: string): Tone {
  if (/^(valid|good|verified|pass|signed)$/.test(state)) return 'good'
  if (/^(partial|partly|decrypted|encrypted|untrusted|expired|unknown-signer|warning)$/.test(state)) return 'partly'
  if (/^(invalid|bad|forged|failed|fail|broken|tampered|revoked|refused|mismatch)$/.test(state)) return 'bad'
  return 'unknown'
}
