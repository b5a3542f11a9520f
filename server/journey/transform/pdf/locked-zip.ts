/**
 * A ZIP archive under a password: AES-256 as WinZip defined it (AE-2, "AES Encryption Information", 2009; APPNOTE 7.1 names
 * method 99), which 7-Zip, WinZip, Keka and the file managers of current systems open. Written in one pass; every length
 * is known before a file is read.
 */
import { type Cipheriv, createCipheriv, createHmac, type Hmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { Fault } from '../../../../shared/fault/index.ts'
import type { Container, ContainerFile } from './container.ts'
import { containerNames } from './file-names.ts'

const derive = promisify(pbkdf2)

const SALT = 16
const VERIFIER = 2
const TAG = 10
/** Bytes that encryption adds to a file. */
const ADDED = SALT + VERIFIER + TAG
/** Rounds of PBKDF2 that the format fixes: too few for a weak password, which is why ours have 64 bits and more. */
const ROUNDS = 1000
const LOCAL = 30
const CENTRAL = 46
const END = 22
const LIMIT = 0xffff_ffff
/** Bit 0: encrypted; bit 11: names are UTF-8 (APPNOTE 4.4.4). */
const FLAGS = 0x0801
const VERSION = 51
const METHOD = 99
/** Extra field 0x9901: AE-2 (no checksum of the plain text), vendor "AE", AES-256, stored. */
const EXTRA = Buffer.from('01990700020041450300' + '00', 'hex')

export interface LockedZipOptions {
  readonly files: readonly ContainerFile[]
  /** ASCII: programs do not agree on how to encode anything else. */
  readonly password: string
  /** Epoch ms: the date of files that have none of their own. */
  readonly time: number
}

/**
 * The archive, with fresh salts; it may be written more than once, and is the same each time. Raises `message-too-large` where
 * ZIP64 would be needed (4 GB).
 */
export function lockedZip({ files, password, time }: LockedZipOptions): Container {
  const names = containerNames(files.map(({ name }) => name))
  const entries = files.map((file, n) => ({ file, name: Buffer.from(names[n]!), salt: randomBytes(SALT) }))
  const size = entries.reduce(
    (sum, { file, name }) => sum + LOCAL + CENTRAL + 2 * (name.length + EXTRA.length) + ADDED + file.size,
    END,
  )
  if (size >= LIMIT || files.length >= 0xffff) throw new Fault('message-too-large', 'a ZIP archive holds at most 4 GB')
  return { size, stream: () => written(entries, password, time) }
}

interface Entry {
  readonly file: ContainerFile
  readonly name: Buffer
  readonly salt: Buffer
}

async function* written(entries: readonly Entry[], password: string, time: number): AsyncGenerator<Buffer> {
  const directory: Buffer[] = []
  let offset = 0
  for (const { file, name, salt } of entries) {
    const about = description(file, name, file.modified ?? time)
    yield Buffer.concat([mark(0x0403_4b50), about, name, EXTRA])
    yield* sealed(file, password, salt)
    const central = Buffer.alloc(CENTRAL)
    central.writeUInt32LE(0x0201_4b50, 0)
    central.writeUInt16LE(VERSION, 4)
    about.copy(central, 6)
    central.writeUInt32LE(offset, 42)
    directory.push(central, name, EXTRA)
    offset += LOCAL + name.length + EXTRA.length + ADDED + file.size
  }
  const listing = Buffer.concat(directory)
  const end = Buffer.alloc(END)
  end.writeUInt32LE(0x0605_4b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(listing.length, 12)
  end.writeUInt32LE(offset, 16)
  yield Buffer.concat([listing, end])
}

function mark(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** The 26 bytes that local header and directory share, from "version needed" on (APPNOTE 4.3.7). */
function description({ size }: ContainerFile, name: Buffer, time: number): Buffer {
  const bytes = Buffer.alloc(26)
  bytes.writeUInt16LE(VERSION, 0)
  bytes.writeUInt16LE(FLAGS, 2)
  bytes.writeUInt16LE(METHOD, 4)
  bytes.writeUInt32LE(dosTime(time), 6)
  // No checksum in AE-2: it would tell about the plain text.
  bytes.writeUInt32LE(size + ADDED, 14)
  bytes.writeUInt32LE(size, 18)
  bytes.writeUInt16LE(name.length, 22)
  bytes.writeUInt16LE(EXTRA.length, 24)
  return bytes
}

/** Date and time of MS-DOS in UTC, two seconds apart, from 1980 on. */
function dosTime(time: number): number {
  const at = new Date(Math.max(time, Date.UTC(1980, 0, 1)))
  const day = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  const clock = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  return day * 65_536 + clock
}

/** Raises `internal` when the file gives other than the bytes it announced. */
async function* sealed(file: ContainerFile, password: string, salt: Buffer): AsyncGenerator<Buffer> {
  const keys = await derive(password, salt, ROUNDS, 32 + 32 + VERIFIER, 'sha1')
  yield Buffer.concat([salt, keys.subarray(64)])
  const encrypt = counterMode(createCipheriv('aes-256-ecb', keys.subarray(0, 32), null).setAutoPadding(false))
  const tag: Hmac = createHmac('sha1', keys.subarray(32, 64))
  let left = file.size
  for await (const chunk of file.stream()) {
    left -= chunk.length
    if (left < 0) break
    const encrypted = encrypt(chunk)
    tag.update(encrypted)
    yield encrypted
  }
  if (left !== 0) throw new Fault('internal', 'a file changed its size while it was put into an archive')
  yield tag.digest().subarray(0, TAG)
}

const BLOCK = 16
/** Blocks of key stream made at a time. */
const RUN = 4096

/** Counter mode with a counter that counts from 1 in little endian, unlike the one of OpenSSL. */
function counterMode(cipher: Cipheriv): (data: Uint8Array) => Buffer {
  const counters = Buffer.alloc(RUN * BLOCK)
  let next = 1
  let stream: Buffer = Buffer.alloc(0)
  const refill = () => {
    for (let at = 0; at < counters.length; at += BLOCK, next += 1) {
      counters.writeUInt32LE(next % 2 ** 32, at)
      counters.writeUInt32LE(Math.floor(next / 2 ** 32), at + 4)
    }
    stream = cipher.update(counters)
  }
  return (data) => {
    const out = Buffer.allocUnsafe(data.length)
    for (let at = 0; at < data.length; ) {
      if (stream.length === 0) refill()
      const count = Math.min(stream.length, data.length - at)
      for (let n = 0; n < count; n += 1) out[at + n] = data[at + n]! ^ stream[n]!
      stream = stream.subarray(count)
      at += count
    }
    return out
  }
}
