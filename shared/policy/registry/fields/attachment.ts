import type { AttachmentFacts } from '../../../domain/index.ts'
import type { Text } from '../../diagnostic.ts'
import { extensionOf, fileTypesOf } from '../../text/filetype.ts'
import type { Fact, FieldDefinition, Scene, TypeName } from '../field.ts'

function ofFile(name: string, type: TypeName, doc: Text, read: (file: AttachmentFacts) => Fact): FieldDefinition {
  return {
    name: `attachment.${name}`,
    type,
    scope: 'attachment',
    doc,
    read: ({ attachment }) => (attachment === null ? undefined : read(attachment)),
  }
}

/** A file goes by every name that some reader shows. */
function withOthers(name: string, others: readonly string[] | undefined): Fact {
  return others && others.length > 0 ? [...new Set([name, ...others])] : name
}

/** A structure with defects may hide more than was seen. */
const mayHideMore = ({ input }: Scene) => input.message.defects.length > 0

export const attachmentFields: readonly FieldDefinition[] = [
  ofFile('name', 'string', { de: 'Dateiname', en: 'file name' }, (file) => withOthers(file.name, file.otherNames)),
  ofFile('extension', 'string', { de: 'Endung ohne Punkt', en: 'extension without the dot' }, (file) =>
    withOthers(file.extension, file.otherNames?.map(extensionOf)),
  ),
  ofFile(
    'type',
    'fileType',
    {
      de: 'Typ nach dem Inhalt; wo der nichts sagt, nach Endung und Angabe',
      en: 'type by content; where that says nothing, by extension and declaration',
    },
    fileTypesOf,
  ),
  ofFile(
    'declaredType',
    'string',
    { de: 'angegebener Medientyp', en: 'declared media type' },
    (file) => file.declaredType,
  ),
  ofFile(
    'mismatch',
    'boolean',
    { de: 'Name, Angabe und Inhalt widersprechen sich', en: 'name, declaration and content contradict each other' },
    (file) => file.mismatch,
  ),
  ofFile('size', 'size', { de: 'Größe der Datei', en: 'size of the file' }, (file) => file.size),
  ofFile(
    'encrypted',
    'boolean',
    { de: 'mit Kennwort verschlossen', en: 'locked by a password' },
    (file) => file.encrypted,
  ),
  ofFile('macro', 'boolean', { de: 'enthält Makros', en: 'holds macros' }, (file) => file.macro),
  ofFile(
    'archiveDepth',
    'count',
    { de: 'Schachtelung von Archiven', en: 'nesting of archives' },
    (file) => file.archiveDepth,
  ),
  ofFile(
    'opaque',
    'boolean',
    { de: 'enthält Dateien, die niemand sehen konnte', en: 'holds files that could not be seen' },
    (file) => file.opaque ?? false,
  ),
  ofFile('hash', 'string', { de: 'SHA-256 der Datei', en: 'SHA-256 of the file' }, (file) => file.hash),
  {
    ...ofFile('text', 'string', { de: 'Text in der Datei', en: 'text inside the file' }, (file) => file.text),
    atLeast: ({ attachment }) => attachment?.textCut === true,
  },
  {
    name: 'attachments.totalSize',
    type: 'size',
    scope: 'message',
    doc: { de: 'Summe der Anhänge', en: 'sum of the attachments' },
    atLeast: mayHideMore,
    read: ({ input }) =>
      input.attachments?.reduce((sum, file) => (file.within === undefined ? sum + file.size : sum), 0),
  },
  {
    name: 'attachments.count',
    type: 'count',
    scope: 'message',
    doc: { de: 'Zahl der Anhänge', en: 'number of attachments' },
    atLeast: mayHideMore,
    read: ({ input }) => input.attachments?.filter((file) => file.within === undefined).length,
  },
]
