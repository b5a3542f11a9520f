import type { Draft } from '../../shared/contract/index.ts'
import { serializeWishes, type WrittenRecipient } from '../../shared/words/given-numbers.ts'
import { serializeProtection } from '../../shared/words/protection.ts'
import { sha256Text } from '../ports/digest.ts'

/**
 * Protections as the value of X-Secflow-Protection (RFC 9651 3.1), '' for none. `commonReason` is that of a wish for less
 * protection which brings none itself.
 */
export function protectionHeader(protections: Draft['protection'], commonReason?: string): string {
  return serializeProtection(wishesOf(protections, commonReason))
}

/** The same with the phone numbers that the sender gave for recipients. */
export function headerWithNumbers(
  protections: Draft['protection'],
  recipients: readonly WrittenRecipient[],
  commonReason?: string,
): string {
  return serializeWishes(wishesOf(protections, commonReason), recipients, sha256Text)
}

/** As JSON gives them, without fields that are there and undefined. */
function wishesOf(protections: Draft['protection'], commonReason?: string) {
  return protections.map(
    ({ token, sms, expires, secondFactor, reason = token === 'plain' ? commonReason : undefined }) => ({
      token,
      ...(sms === undefined ? {} : { sms }),
      ...(expires === undefined ? {} : { expires }),
      ...(secondFactor === undefined ? {} : { secondFactor }),
      ...(reason === undefined ? {} : { reason }),
    }),
  )
}
