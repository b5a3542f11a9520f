import { clients } from './clients.ts'
import { contents } from './contents.ts'
import { encodings } from './encodings.ts'
import type { Sample } from './sample.ts'
import { structures } from './structures.ts'

export type { Sample } from './sample.ts'

/** Every message of the corpus, the same bytes in every run. */
export const corpus: readonly Sample[] = [...clients, ...encodings, ...structures, ...contents]

/** By its name; for a test of one rule. */
export function sampleOf(name: string): Sample {
  const found = corpus.find((sample) => sample.name === name)
  if (!found) throw new Error(`the corpus has no ${name}`)
  return found
}

/** How a message can be sent: `refused` is what the ingress turns away (see docs/operate/ambiguities.md). */
export function wireOf({ bytes }: Sample): 'smtp' | 'smtputf8' | 'refused' {
  const text = bytes.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const header = end < 0 ? text : text.slice(0, end)
  if (!text.endsWith('\r\n') || text.includes('\0') || /\r(?!\n)|(?<!\r)\n/.test(text)) return 'refused'
  if (text.split('\r\n').some((line) => line.length > 998)) return 'refused'
  const lines = header.split('\r\n').filter(Boolean)
  if (lines.some((line, at) => !/^[!-9;-~]+[ \t]*:/.test(line) && (at === 0 || !/^[ \t]/.test(line)))) return 'refused'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  if (/^[\x00-\x7f]*$/.test(header)) return 'smtp'
  return Buffer.from(header, 'latin1').toString('utf8').includes('\ufffd') ? 'refused' : 'smtputf8'
}
