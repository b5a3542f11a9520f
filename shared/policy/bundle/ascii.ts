/** JSON in ASCII: the bytes of a payload and its characters are one to one, with no decoder to disagree about. */

/** The bytes of a JSON text, everything beyond ASCII as `\uXXXX` (RFC 8259 section 7). */
export function writeAscii(json: string): Uint8Array {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  const text = json.replace(/[^\u0000-\u007f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** The text; '' (which is no JSON) when one byte is not ASCII. */
export function readAscii(bytes: Uint8Array): string {
  const chunks: string[] = []
  for (let i = 0; i < bytes.length; i += 8192) {
    const chunk = bytes.subarray(i, i + 8192)
    let all = 0
    for (let k = 0; k < chunk.length; k++) all |= chunk[k]!
    if (all > 127) return ''
    // A typed array is as good as a list here, and no list has to be made of it.
    chunks.push(String.fromCharCode.apply(null, chunk as unknown as number[]))
  }
  return chunks.join('')
}
