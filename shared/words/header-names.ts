/** Our own headers (CONTRACT, Headers). */
export const HEADER = {
  classification: 'X-Secflow-Classification',
  protection: 'X-Secflow-Protection',
  stamp: 'X-Secflow-Stamp',
  verdict: 'X-Secflow-Verdict',
  loop: 'X-Secflow-Loop',
} as const
