/** Which names and declarations go with a type found in the content. */
interface Known {
  readonly extensions: readonly string[]
  /** Media types; a final `*` stands for any rest. */
  readonly declared: readonly string[]
}

const known = (extensions: string, declared: string): Known => ({
  extensions: extensions.split(' '),
  declared: declared.split(' ').filter(Boolean),
})

const OOXML = 'application/vnd.openxmlformats-officedocument.'
const TYPES: Readonly<Record<string, Known>> = {
  dcm: known('dcm dicom dic ima', 'application/dicom image/dicom*'),
  step: known('step stp p21', 'model/step* application/step application/p21'),
  ifc: known('ifc', 'application/x-step model/ifc'),
  dwg: known('dwg dwt dws', 'image/vnd.dwg application/acad image/x-dwg'),
  dxf: known('dxf', 'image/vnd.dxf'),
  iges: known('igs iges', 'model/iges'),
  jt: known('jt', 'model/jt'),
  stl: known('stl', 'model/stl application/sla model/x.stl*'),
  parasolid: known('x_t x_b xmt_txt xmt_bin', ''),
  catia: known('catpart catproduct catdrawing cgr', ''),
  pdf: known('pdf ai', 'application/pdf application/x-pdf'),
  docx: known('docx dotx', `${OOXML}wordprocessingml.*`),
  docm: known('docm dotm', 'application/vnd.ms-word.*'),
  xlsx: known('xlsx xltx', `${OOXML}spreadsheetml.*`),
  xlsm: known('xlsm xltm xlam', 'application/vnd.ms-excel.*'),
  xlsb: known('xlsb', 'application/vnd.ms-excel.*'),
  pptx: known('pptx ppsx potx', `${OOXML}presentationml.*`),
  pptm: known('pptm ppsm potm ppam', 'application/vnd.ms-powerpoint.*'),
  'ooxml-encrypted': known('docx docm xlsx xlsm xlsb pptx pptm', `${OOXML}* application/vnd.ms-*`),
  doc: known('doc dot', 'application/msword'),
  xls: known('xls xlt', 'application/vnd.ms-excel'),
  ppt: known('ppt pps pot', 'application/vnd.ms-powerpoint'),
  msg: known('msg', 'application/vnd.ms-outlook'),
  odt: known('odt ott', 'application/vnd.oasis.opendocument.text*'),
  ods: known('ods ots', 'application/vnd.oasis.opendocument.spreadsheet*'),
  odp: known('odp otp', 'application/vnd.oasis.opendocument.presentation*'),
  zip: known('zip stpz 3dxml', 'application/zip application/x-zip*'),
  jar: known('jar war ear zip', 'application/java-archive'),
  '7z': known('7z', 'application/x-7z-compressed'),
  rar: known('rar', 'application/vnd.rar application/x-rar*'),
  gz: known('gz tgz stpgz svgz', 'application/gzip application/x-gzip application/x-tar application/x-compressed*'),
  tar: known('tar', 'application/x-tar'),
  bz2: known('bz2 tbz2 tbz', 'application/x-bzip*'),
  xz: known('xz txz', 'application/x-xz'),
  png: known('png', 'image/png'),
  jpg: known('jpg jpeg jpe jfif', 'image/jpeg image/jpg image/pjpeg'),
  gif: known('gif', 'image/gif'),
  tif: known('tif tiff', 'image/tiff'),
  bmp: known('bmp dib', 'image/bmp image/x-ms-bmp'),
  webp: known('webp', 'image/webp'),
  svg: known('svg', 'image/svg+xml'),
  exe: known('exe dll scr com sys ocx cpl drv efi', 'application/x-msdownload application/x-dosexec application/x-ms*'),
  elf: known('elf so bin o', 'application/x-executable application/x-sharedlib application/x-elf'),
  macho: known('dylib bundle', 'application/x-mach-binary'),
  lnk: known('lnk', 'application/x-ms-shortcut'),
  p7m: known('p7m', 'application/pkcs7-mime application/x-pkcs7-mime'),
  p7s: known('p7s p7m p7c p7b', 'application/pkcs7-* application/x-pkcs7-*'),
  sig: known('sig asc', 'application/pgp-signature'),
  pgpkey: known('asc pgp gpg key', 'application/pgp-keys'),
  p12: known('p12 pfx', 'application/x-pkcs12 application/pkcs12'),
  pgp: known('pgp gpg asc', 'application/pgp-encrypted'),
  tnef: known('dat tnef', 'application/ms-tnef application/vnd.ms-tnef'),
  ics: known('ics ical ifb vcs', 'text/calendar application/ics'),
  rtf: known('rtf doc', 'application/rtf text/rtf application/msword'),
}

/** Types without a mark of their own at the start: their names claim nothing that content could refute. */
const UNMARKED = new Set([
  'bin',
  'dat',
  'o',
  'so',
  'ai',
  'com',
  'doc',
  'asc',
  'igs',
  'iges',
  'stl',
  'x_t',
  'jt',
  'zip',
  'bundle',
])
const RUNNABLE = new Set(['exe', 'elf', 'macho', 'lnk', 'class'])

/** Extension -> types that it belongs to. */
const CLAIMED = new Map<string, string[]>()
for (const [name, { extensions }] of Object.entries(TYPES))
  for (const extension of extensions) CLAIMED.set(extension, [...(CLAIMED.get(extension) ?? []), name])

/**
 * Whether names, declaration and content contradict each other: the content is of one type and the extension or media type belongs
 * to another, or the name claims a type whose mark is missing. Names and declarations nobody knows contradict nothing, except
 * that something a machine would run must be named so.
 */
export function contradicts(type: string | null, extensions: ReadonlySet<string>, declared: string): boolean {
  for (const extension of extensions) if (nameContradicts(type, extension)) return true
  if (type === null) return false
  const own = TYPES[type]
  return (
    own !== undefined && !own.declared.some((pattern) => matches(pattern, declared)) && declaresOther(declared, type)
  )
}

function nameContradicts(type: string | null, extension: string): boolean {
  if (type === null) return CLAIMED.has(extension) && !UNMARKED.has(extension)
  const own = TYPES[type]
  if (!own) return RUNNABLE.has(type) || claimsOther(extension, type)
  if (RUNNABLE.has(type) && extension !== '' && !own.extensions.includes(extension)) return true
  return !own.extensions.includes(extension) && claimsOther(extension, type)
}

function claimsOther(extension: string, type: string): boolean {
  return CLAIMED.get(extension)?.some((name) => name !== type) ?? false
}

function declaresOther(declared: string, type: string): boolean {
  return Object.entries(TYPES).some(
    ([name, entry]) => name !== type && entry.declared.some((pattern) => matches(pattern, declared)),
  )
}

function matches(pattern: string, declared: string): boolean {
  return pattern.endsWith('*') ? declared.startsWith(pattern.slice(0, -1)) : declared === pattern
}
