/** One name per kind of file, whichever of its names a rule, a detector or a sender uses. */
const FAMILIES: readonly (readonly string[])[] = [
  ['dcm', 'dicom', 'application/dicom'],
  ['step', 'stp', 'p21', 'model/step', 'application/step'],
  ['iges', 'igs', 'model/iges'],
  ['pdf', 'application/pdf'],
  ['jpg', 'jpeg', 'jpe', 'image/jpeg'],
  ['png', 'image/png'],
  ['tif', 'tiff', 'image/tiff'],
  ['gif', 'image/gif'],
  ['html', 'htm', 'text/html'],
  ['zip', 'application/zip', 'application/x-zip-compressed'],
  ['7z', 'application/x-7z-compressed'],
  ['rar', 'application/vnd.rar', 'application/x-rar-compressed'],
  ['gz', 'gzip', 'application/gzip'],
  ['exe', 'application/x-msdownload', 'application/vnd.microsoft.portable-executable'],
  ['doc', 'application/msword'],
  ['xls', 'application/vnd.ms-excel'],
  ['ppt', 'application/vnd.ms-powerpoint'],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['pptx', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  ['docm', 'application/vnd.ms-word.document.macroenabled.12'],
  ['xlsm', 'application/vnd.ms-excel.sheet.macroenabled.12'],
  ['pptm', 'application/vnd.ms-powerpoint.presentation.macroenabled.12'],
  ['eml', 'message/rfc822'],
  ['ics', 'text/calendar'],
  ['xml', 'text/xml', 'application/xml'],
  ['csv', 'text/csv'],
  ['txt', 'text', 'text/plain'],
]

const canonical = new Map(FAMILIES.flatMap((names) => names.map((name) => [name, names[0]!] as const)))

/** What content detection says when it found only the wrapping; name and declaration then say more. */
const GENERIC = new Set(['txt', 'xml', 'zip', 'ole', 'cfb', 'bin', 'data', 'json', 'application/octet-stream'])

/** `.STP`, `model/step` and `step` are one name: `step`. */
export function canonicalFileType(name: string): string {
  const folded = name.normalize('NFKC').toLowerCase().trim().replace(/^\./, '')
  return canonical.get(folded) ?? folded
}

/** What stands after the last dot, lower case, in the compatibility form in which rules compare. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot < 0
    ? ''
    : name
        .slice(dot + 1)
        .normalize('NFKC')
        .trim()
        .toLowerCase()
}

/** Names an attachment's type goes by: what its content says, and where that is silent or generic its extension and declaration too. */
export function fileTypesOf(file: {
  readonly type: string | null
  readonly extension: string
  readonly declaredType: string
  readonly otherNames?: readonly string[]
}): readonly string[] {
  const found = file.type === null ? null : canonicalFileType(file.type)
  if (found !== null && !GENERIC.has(found)) return [found]
  const others = file.otherNames?.map(extensionOf) ?? []
  const names = [found, file.extension, ...others, file.declaredType].filter(
    (name) => name !== null && name !== '',
  ) as string[]
  return [...new Set(names.map(canonicalFileType))]
}
