import { catalogue, type InBoth } from '../../../shared/fault/index.ts'

/** A reply that is a fault of ours, for people: its title in their language, codes and detail as they are. Null for other words. */
export function ownWords(reply: string): InBoth | null {
  const [, codes, text = ''] = /^(\d{3} \d\.\d{1,3}\.\d{1,3}) (.*)$/s.exec(reply) ?? []
  if (codes === undefined) return null
  for (const { title } of Object.values(catalogue))
    if (text === title.en || text.startsWith(`${title.en}: `))
      return { en: reply, de: `${codes} ${title.de}${text.slice(title.en.length)}` }
  return null
}
