/**
 * One job of OpenPGP as the compiled package does it, in a process of its own, so that memory is that job's alone. JavaScript
 * because stripping types takes 35 MB. Arguments: folder of the compiled server, a file with the job as JSON. Prints
 * {"cpuMs", "rssMb", "count"}.
 */
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'

const [, , server, order] = process.argv
const at = (path) => pathToFileURL(join(server, path)).href
const pgp = await import(at('journey/transform/openpgp/index.js'))
const { bytesOf } = await import(at('ports/bytes.js'))
const { work, key, time, input, output, seconds } = JSON.parse(readFileSync(order, 'utf8'))

/** The body of PGP/MIME without its MIME: what `gpg --armor` writes. */
const entity = (body) => ({ header: [], body })
const sealed = async (body) =>
  (await pgp.pgpEncryptEntity(entity(body), [key.armoredPublic], { sign: key, time })).body()
const BATCH = 1 << 18
let before

const jobs = {
  async encryptFile() {
    const pieces = await sealed(() => createReadStream(input, { highWaterMark: BATCH }))
    await pipeline(Readable.from(pieces, { objectMode: false, highWaterMark: BATCH }), createWriteStream(output))
    return 1
  },
  async decryptFile() {
    const source = createReadStream(input, { highWaterMark: BATCH })
    const { content, signatures } = await pgp.pgpOpen(source, [key], [key.armoredPublic], { time })
    if (signatures[0]?.state !== 'good') throw new Error('the signature is not good')
    const pieces = Readable.from(content.stream(), { objectMode: false, highWaterMark: BATCH })
    await pipeline(pieces, createWriteStream(output))
    await content[Symbol.asyncDispose]()
    return 1
  },
  encryptMany: () =>
    many(async () => {
      const body = readFileSync(input)
      for await (const _ of await sealed(async function* () {
        yield body
      }));
    }),
  decryptMany: () =>
    many(async () => {
      await pgp.pgpDecrypt(bytesOf(readFileSync(input)), [key], [key.armoredPublic], { time })
    }),
}

/** As often as it can be done in the given time. */
async function many(once) {
  // What is compiled on the way is not the job.
  for (let turn = 0; turn < 50; turn += 1) await once()
  before = process.cpuUsage()
  let count = 0
  for (const end = performance.now() + seconds * 1000; performance.now() < end; count += 1) await once()
  return count
}

// A server is warm: a long message goes through once before it counts.
if (work.endsWith('File')) await jobs[work]()
before = process.cpuUsage()
const count = await jobs[work]()
const { user, system } = process.cpuUsage(before)
process.stdout.write(
  JSON.stringify({ cpuMs: (user + system) / 1000, rssMb: process.resourceUsage().maxRSS / 1024, count }),
)
