import { type Content, type Detect, startsWith } from './content-type.ts'

/** What a machine would run. */
export const detectExecutable: Detect = (content) => {
  const type = executable(content)
  return type === null ? null : { type }
}

function executable(content: Content): string | null {
  if (startsWith(content, 'MZ') && content.head.length >= 64) return 'exe'
  if (startsWith(content, '\x7fELF')) return 'elf'
  if (
    content.head.length >= 4 &&
    [0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe].includes(content.head.readUInt32BE(0))
  ) {
    return 'macho'
  }
  if (startsWith(content, [0xca, 0xfe, 0xba, 0xbe])) return 'class'
  if (startsWith(content, [0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0])) return 'lnk'
  if (startsWith(content, '#!')) return 'script'
  if (startsWith(content, '\0asm')) return 'wasm'
  return null
}
