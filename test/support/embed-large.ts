/** Child process: embeds one file of argv[2] bytes and prints how far its resident memory grew, and the SHA-256 of the file. */
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { PDFDocument } from 'pdf-lib'
import { encryptedPdf } from '../../server/journey/transform/pdf/container.ts'

const [size, path] = [Number(process.argv[2]), process.argv[3]!]
const document = await PDFDocument.create()
document.addPage()
const page = Buffer.from(await document.save())
const digest = createHash('sha256')
const block = randomBytes(262_144)

async function* content() {
  for (let left = size; left > 0; left -= block.length) {
    const piece = Buffer.from(block.subarray(0, Math.min(left, block.length)))
    piece.writeUInt32BE(left, 0)
    digest.update(piece)
    yield piece
  }
}

const before = process.resourceUsage().maxRSS
const cpu = process.cpuUsage()
const container = encryptedPdf({
  page,
  files: [{ name: 'large.bin', mediaType: 'application/octet-stream', size, stream: content }],
  userPassword: 'user',
  ownerPassword: 'owner',
  time: 0,
})
await pipeline(container, createWriteStream(path))
const { user, system } = process.cpuUsage(cpu)
const grown = process.resourceUsage().maxRSS - before
console.log(JSON.stringify({ grownKb: grown, cpuMs: (user + system) / 1000, sha256: digest.digest('hex') }))
