import type { FastifyRequest } from 'fastify'
import type { Language } from '../../shared/contract/index.ts'

/** The better of our two languages for this `Accept-Language` (RFC 9110 12.5.4); English when it names neither. */
export function languageOf(request: Pick<FastifyRequest, 'headers'>): Language {
  let best: Language = 'en'
  let weight = 0
  for (const range of (request.headers['accept-language'] ?? '').slice(0, 500).split(',')) {
    const match = /^\s*(de|en)(?:-[\w-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*$/i.exec(range)
    if (!match) continue
    const q = match[2] === undefined ? 1 : Number(match[2])
    if (q > weight) {
      weight = q
      best = match[1]!.toLowerCase() as Language
    }
  }
  return best
}
