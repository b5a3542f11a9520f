import type { Attachment } from '../host/item.ts'

/** Bytes of one attachment. */
export const LARGEST = 60_000_000

/** A file as an attachment; `late` ms until clients name it to add-ins. */
export async function attachmentOf(file: File, late: number): Promise<Attachment> {
  return {
    id: crypto.randomUUID(),
    name: file.name,
    type: file.type,
    size: file.size,
    inline: false,
    content: await base64Of(file),
    listedAt: performance.now() + late,
  }
}

function base64Of(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => resolve(String(reader.result).replace(/^[^,]*,/, '')))
    reader.addEventListener('error', () => reject(reader.error ?? new Error('unreadable')))
    reader.readAsDataURL(file)
  })
}

/** A file with made-up lines, for the examples. */
export function sampleFile({
  name,
  type,
  size,
}: {
  readonly name: string
  readonly type: string
  readonly size: number
}): File {
  const line = `${name}: ${'abcdefghijklmnopqrstuvwxyz '.repeat(2)}\n`
  return new File([line.repeat(Math.ceil(size / line.length)).slice(0, size)], name, { type })
}

export function sizeText(bytes: number, language: string): string {
  const [value, unit] = bytes >= 1e6 ? [bytes / 1e6, 'MB'] : [bytes / 1e3, 'kB']
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${unit}`
}
