/** Child process: signs and encrypts one mail of argv[2] bytes for argv[3] (certificate) with argv[4] (key); prints memory growth and CPU time. */
import { createHash, createPrivateKey, randomBytes } from 'node:crypto'
import { createWriteStream, readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { encryptEntity, signEntity } from '../../server/journey/transform/smime/index.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import { writeEntity } from '../../server/mime/write.ts'

const size = Number(process.argv[2])
const certificate = certificateOf(readFileSync(process.argv[3]!))
const privateKey = createPrivateKey(readFileSync(process.argv[4]!))
const line = `${randomBytes(37).toString('hex')}\r\n`
const block = Buffer.from(line.repeat(800))
const digest = createHash('sha256')

const mail = {
  header: [
    { name: 'content-type', raw: Buffer.from('Content-Type: text/plain') },
    { name: 'subject', raw: Buffer.from('Subject: large') },
  ],
  once: true,
  async *body() {
    for (let left = size; left > 0; left -= block.length) {
      const piece = block.subarray(0, Math.min(left, block.length))
      digest.update(piece)
      yield piece
    }
  },
}
const before = process.resourceUsage().maxRSS
const cpu = process.cpuUsage()
const signed = signEntity(mail, { certificate, chain: [], privateKey, gateway: false }, { time: Date.now() })
const encrypted = encryptEntity(signed, [certificate], { content: process.argv[6] === 'gcm' ? 'gcm' : 'cbc' })
await pipeline(writeEntity(encrypted), createWriteStream(process.argv[5]!))
const { user, system } = process.cpuUsage(cpu)
const grownKb = process.resourceUsage().maxRSS - before
console.log(JSON.stringify({ grownKb, cpuMs: (user + system) / 1000, sha256: digest.digest('hex') }))
