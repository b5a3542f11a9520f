/** Archives whose members this does not read, items of Outlook, compressed or signed CMS. */
const TYPES = new Set(['7z', 'rar', 'cab', 'bz2', 'xz', 'msg', 'p7z'])
/** Containers without a mark of their own where this looks for one. */
const EXTENSIONS = new Set('7z rar cab bz2 tbz2 xz txz lzh lha arj ace iso img vhd vhdx dmg lzma cpio z'.split(' '))

/** Whether a file holds others that cannot be seen. */
export function isUnread(type: string | null, extension: string, declaredType: string): boolean {
  if (type === null) return EXTENSIONS.has(extension)
  // Signed data with its content inside; a detached signature has none (RFC 8551 3.5).
  if (type === 'p7s') return extension === 'p7m' || /pkcs7-mime$/.test(declaredType)
  return TYPES.has(type)
}
