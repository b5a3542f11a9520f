import { hash } from 'node:crypto'
import type { Digest } from '../../shared/words/packed-numbers.ts'

/** SHA-256 of UTF-8 as base64url: how headers and stamps name addresses, subjects and files. */
export const sha256Text: Digest = (text) => hash('sha256', text, 'base64url')
