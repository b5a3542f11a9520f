/** 50,000 damaged mails that were signed and encrypted: no crash, no false good, none over a second (nightly: two million). */
import { it } from 'vitest'
import { FUZZED_MS, fuzzed } from '../support/fuzzed.ts'

it(
  'opens 50,000 damaged mails in bounded time and memory, and calls none good that was altered',
  { timeout: FUZZED_MS },
  () => fuzzed('open', 50_000),
)
