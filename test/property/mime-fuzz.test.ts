/** 50,000 damaged mails through index and parser: no crash, none over a second, no growth over 64 MB (nightly: two million). */
import { it } from 'vitest'
import { FUZZED_MS, fuzzed } from '../support/fuzzed.ts'

it('reads 50,000 damaged mails in bounded time and memory', { timeout: FUZZED_MS }, () => fuzzed('mime', 50_000))
