/** 50,000 damaged OpenPGP messages, signatures, texts and keys: no crash, none over a second, no growth over 64 MB (nightly: two million). */
import { it } from 'vitest'
import { FUZZED_MS, fuzzed } from '../support/fuzzed.ts'

it('reads 50,000 damaged OpenPGP inputs in bounded time and memory', { timeout: FUZZED_MS }, () =>
  fuzzed('openpgp', 50_000),
)
