import type { Draft } from '../../shared/contract/index.ts'
import { serializeProtection } from '../../shared/words/protection.ts'

/**
 * Protections as the value of X-Secflow-Protection (RFC 9651 3.1), '' for none. `commonReason` is that of a wish for less
 * protection which brings none itself.
 */
export function protectionHeader(protections: Draft['protection'], commonReason?: string): string {
  return serializeProtection(
    protections.map(({ token, sms, expires, secondFactor, reason = token === 'plain' ? commonReason : undefined }) => ({
      token,
      ...(sms === undefined ? {} : { sms }),
      ...(expires === undefined ? {} : { expires }),
      ...(secondFactor === undefined ? {} : { secondFactor }),
      ...(reason === undefined ? {} : { reason }),
    })),
  )
}
