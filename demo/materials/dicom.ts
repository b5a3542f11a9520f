/** A CT series as a modality would export it: DICOM Part 10 files (PS3.10), explicit VR little endian, one slice each. */

const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2'
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
const ROOT = '1.2.826.0.1.3680043.10.1234'
const ROWS = 512
const COLUMNS = 512

/** Explicit VR with a 4-byte length (PS3.5 7.1.2). */
const LONG = new Set(['OB', 'OW', 'SQ', 'UN', 'UT'])

function element(group: number, tag: number, vr: string, value: Buffer | string): Buffer {
  let data = typeof value === 'string' ? Buffer.from(value, 'latin1') : value
  if (data.length % 2) data = Buffer.concat([data, Buffer.from([vr === 'UI' || vr === 'OB' ? 0 : 0x20])])
  const head = Buffer.alloc(LONG.has(vr) ? 12 : 8)
  head.writeUInt16LE(group, 0)
  head.writeUInt16LE(tag, 2)
  head.write(vr, 4, 'latin1')
  if (LONG.has(vr)) head.writeUInt32LE(data.length, 8)
  else head.writeUInt16LE(data.length, 6)
  return Buffer.concat([head, data])
}

const short = (value: number): Buffer => {
  const data = Buffer.alloc(2)
  data.writeUInt16LE(value)
  return data
}

/** One slice of a phantom: an ellipse whose radius changes along the series. */
function pixels(slice: number, slices: number): Buffer {
  const data = Buffer.alloc(ROWS * COLUMNS * 2)
  const image = new Uint16Array(data.buffer, data.byteOffset, ROWS * COLUMNS)
  const radius = 120 + 100 * Math.sin((Math.PI * (slice + 1)) / (slices + 1))
  let noise = slice * 2_654_435_761 + 1
  for (let y = 0, at = 0; y < ROWS; y++) {
    for (let x = 0; x < COLUMNS; x++, at++) {
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0
      const distance = Math.hypot((x - 256) / 1.3, y - 256)
      image[at] = (distance < radius ? 1_040 : distance < radius + 12 ? 1_900 : 20) + (noise >>> 26)
    }
  }
  return data
}

/** Names and bytes of a series of `slices` files, about 525 kB each; 240 of them make 120 MB. */
export function* ctSeries(slices: number): Generator<{ name: string; data: Buffer }> {
  const study = `${ROOT}.20261123.1`
  for (let slice = 0; slice < slices; slice++) {
    const instance = `${study}.1.${slice + 1}`
    const meta = Buffer.concat([
      element(2, 0x0001, 'OB', Buffer.from([0, 1])),
      element(2, 0x0002, 'UI', CT_IMAGE_STORAGE),
      element(2, 0x0003, 'UI', instance),
      element(2, 0x0010, 'UI', EXPLICIT_VR_LITTLE_ENDIAN),
      element(2, 0x0012, 'UI', `${ROOT}.1`),
    ])
    const length = Buffer.alloc(4)
    length.writeUInt32LE(meta.length)
    const data = Buffer.concat([
      element(0x0008, 0x0016, 'UI', CT_IMAGE_STORAGE),
      element(0x0008, 0x0018, 'UI', instance),
      element(0x0008, 0x0020, 'DA', '20261123'),
      element(0x0008, 0x0060, 'CS', 'CT'),
      element(0x0008, 0x0070, 'LO', 'Secflow phantom'),
      element(0x0010, 0x0010, 'PN', 'Phantom^Test'),
      element(0x0010, 0x0020, 'LO', 'PHANTOM-1'),
      element(0x0020, 0x000d, 'UI', study),
      element(0x0020, 0x000e, 'UI', `${study}.1`),
      element(0x0020, 0x0013, 'IS', String(slice + 1)),
      element(0x0028, 0x0002, 'US', short(1)),
      element(0x0028, 0x0004, 'CS', 'MONOCHROME2'),
      element(0x0028, 0x0010, 'US', short(ROWS)),
      element(0x0028, 0x0011, 'US', short(COLUMNS)),
      element(0x0028, 0x0100, 'US', short(16)),
      element(0x0028, 0x0101, 'US', short(12)),
      element(0x0028, 0x0102, 'US', short(11)),
      element(0x0028, 0x0103, 'US', short(0)),
      element(0x7fe0, 0x0010, 'OW', pixels(slice, slices)),
    ])
    yield {
      name: `IM${String(slice + 1).padStart(4, '0')}.dcm`,
      data: Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(2, 0, 'UL', length), meta, data]),
    }
  }
}
