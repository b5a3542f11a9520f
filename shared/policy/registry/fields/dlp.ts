/** What detectors find in subject, body and the text of attachments. */
import type { PolicyInput } from '../../../domain/index.ts'
import { countFinds, searchable } from '../../dlp/detector.ts'
import { detectors } from '../../dlp/detectors.ts'
import type { FieldDefinition, Scene } from '../field.ts'

/** Characters that are looked at in one mail; the parser's caps lie below it. */
const MAX_TEXT = 4_194_304

interface Texts {
  readonly texts: readonly string[]
  /** Something was not read: there may be more. */
  readonly partial: boolean
}

/** Made once for a mail, however many detectors and recipients ask. */
const known = new WeakMap<PolicyInput, Texts>()

function textsOf(input: PolicyInput): Texts {
  let texts = known.get(input)
  if (!texts) {
    texts = collect(input)
    known.set(input, texts)
  }
  return texts
}

function collect({ message, attachments }: PolicyInput): Texts {
  let partial = message.bodyText === undefined || message.bodyCut === true || attachments === undefined
  const texts: string[] = []
  let left = MAX_TEXT
  const add = (text: string) => {
    if (text.length > left) partial = true
    texts.push(searchable(text.slice(0, left)))
    left = Math.max(0, left - text.length)
  }
  add(message.subject)
  add(message.bodyText ?? '')
  for (const file of attachments ?? []) {
    // null is known to have none (a picture); undefined could not be read.
    if (file.text === undefined || file.textCut) partial = true
    add(file.name)
    if (typeof file.text === 'string') add(file.text)
  }
  return { texts, partial: partial || message.defects.length > 0 }
}

const atLeast = ({ input }: Scene) => textsOf(input).partial

export const dlpFields: readonly FieldDefinition[] = [
  ...detectors.map(
    (detector): FieldDefinition => ({
      name: `dlp.${detector.name}`,
      type: 'finds',
      scope: 'message',
      doc: detector.doc,
      atLeast,
      read: ({ input }) => countFinds(detector, textsOf(input).texts),
    }),
  ),
  {
    name: 'dlp.text',
    type: 'text',
    scope: 'message',
    doc: {
      de: 'Betreff, Text und der Text der Anhänge zusammen',
      en: 'subject, body and the text of attachments together',
    },
    atLeast,
    read: ({ input }) => textsOf(input).texts.join('\n'),
  },
]
