import { type Detect, headText, startsWith } from './content-type.ts'

const MAGIC: readonly (readonly [type: string, magic: string | readonly number[], at?: number])[] = [
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['jpg', [0xff, 0xd8, 0xff]],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['tif', [0x49, 0x49, 0x2a, 0x00]],
  ['tif', [0x4d, 0x4d, 0x00, 0x2a]],
  ['webp', 'WEBP', 8],
  ['heic', 'ftyphei', 4],
  ['heic', 'ftypmif1', 4],
  ['avif', 'ftypavif', 4],
  ['mp4', 'ftyp', 4],
  ['wav', 'WAVE', 8],
  ['avi', 'AVI ', 8],
  ['mp3', 'ID3'],
]

/** Pictures, sound and film. */
export const detectImage: Detect = (content) => {
  for (const [type, magic, at] of MAGIC) if (startsWith(content, magic, at)) return { type }
  // "BM" alone is two letters of any text: the size field must agree.
  if (startsWith(content, 'BM') && content.head.length >= 6 && content.head.readUInt32LE(2) === content.size) {
    return { type: 'bmp' }
  }
  return /^(<\?xml[^>]*>\s*)?(<!--[\s\S]{0,1000}?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i.test(headText(content))
    ? { type: 'svg' }
    : null
}
