/** Containers written by hand for tests: tar, TNEF, yEnc. */

export function tarOf(files: readonly { readonly name: string; readonly data: Buffer }[]): Buffer {
  const blocks = files.flatMap(({ name, data }) => {
    const header = Buffer.alloc(512)
    header.write(name, 0, 'utf8')
    header.write('0000644\x000000000\x000000000\x00', 100, 'latin1')
    header.write(`${data.length.toString(8).padStart(11, '0')}\x00`, 124, 'latin1')
    header.write('15112345670\x00', 136, 'latin1')
    header.write('        0', 148, 'latin1')
    header.write('ustar\x0000', 257, 'latin1')
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\x00 `, 148, 'latin1')
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

export interface TnefFileOf {
  readonly title: string
  /** PidTagAttachLongFilename; a MAPI attribute is written where there is one. */
  readonly longName?: string
  readonly data: Buffer
}

export function tnefOf(content: {
  readonly body?: string
  readonly rtf?: Buffer
  readonly files: readonly TnefFileOf[]
}): Buffer {
  const pieces: Buffer[] = [Buffer.from('789f3e220100', 'hex')]
  const attribute = (level: number, id: number, data: Buffer) => {
    const header = Buffer.alloc(9)
    header.writeUInt8(level, 0)
    header.writeUInt32LE(id, 1)
    header.writeUInt32LE(data.length, 5)
    const sum = Buffer.alloc(2)
    sum.writeUInt16LE(data.reduce((total, byte) => (total + byte) & 0xffff, 0))
    pieces.push(header, data, sum)
  }
  attribute(1, 0x00089006, Buffer.from('00000100', 'hex'))
  attribute(1, 0x00069007, Buffer.from('e4040000000000', 'hex').subarray(0, 8))
  if (content.body) attribute(1, 0x0002800c, Buffer.from(`${content.body}\x00`, 'latin1'))
  if (content.rtf) attribute(1, 0x00069003, properties([binary(0x1009, content.rtf)]))
  for (const { title, longName, data } of content.files) {
    attribute(2, 0x00069002, Buffer.alloc(14))
    attribute(2, 0x00018010, Buffer.from(`${title}\x00`, 'latin1'))
    attribute(2, 0x0006800f, data)
    if (longName) attribute(2, 0x00069005, properties([wide(0x3707, longName)]))
  }
  return Buffer.concat(pieces)
}

function properties(list: readonly Buffer[]): Buffer {
  const count = Buffer.alloc(4)
  count.writeUInt32LE(list.length)
  return Buffer.concat([count, ...list])
}

function property(type: number, id: number, value: Buffer): Buffer {
  const header = Buffer.alloc(12)
  header.writeUInt16LE(type, 0)
  header.writeUInt16LE(id, 2)
  header.writeUInt32LE(1, 4)
  header.writeUInt32LE(value.length, 8)
  return Buffer.concat([header, value, Buffer.alloc((4 - (value.length % 4)) % 4)])
}

const wide = (id: number, text: string) => property(0x001f, id, Buffer.from(`${text}\x00`, 'utf16le'))
const binary = (id: number, data: Buffer) => property(0x0102, id, data)

export function yencOf(name: string, data: Buffer, part = ''): Buffer {
  const bytes: number[] = []
  let column = 0
  for (const byte of data) {
    const value = (byte + 42) & 255
    const critical = [0, 9, 10, 13, 61].includes(value) || (value === 46 && column === 0)
    bytes.push(...(critical ? [61, (value + 64) & 255] : [value]))
    column += critical ? 2 : 1
    if (column >= 128) {
      bytes.push(13, 10)
      column = 0
    }
  }
  return Buffer.concat([
    Buffer.from(`=ybegin ${part}line=128 size=${data.length} name=${name}\r\n`),
    Buffer.from(bytes),
    Buffer.from(`\r\n=yend size=${data.length}\r\n`),
  ])
}

export function uuOf(name: string, data: Buffer): string {
  const sign = (value: number) => (value === 0 ? '`' : String.fromCharCode(value + 32))
  const lines: string[] = []
  for (let at = 0; at < data.length; at += 45) {
    const piece = data.subarray(at, at + 45)
    const padded = Buffer.concat([piece, Buffer.alloc((3 - (piece.length % 3)) % 3)])
    let line = sign(piece.length)
    for (let group = 0; group < padded.length; group += 3) {
      const bits = padded.readUIntBE(group, 3)
      line += [18, 12, 6, 0].map((shift) => sign((bits >> shift) & 63)).join('')
    }
    lines.push(line)
  }
  return `begin 644 ${name}\r\n${lines.map((line) => `${line}\r\n`).join('')}\`\r\nend\r\n`
}
