/**
 * One job of S/MIME as the compiled package does it, in a process of its own, so that memory is that job's alone. JavaScript
 * because stripping types takes 35 MB. Arguments: folder of the compiled server, a file with the job as JSON. Prints
 * {"cpuMs", "wallMs", "rssMb", "count"}.
 */
import { createPrivateKey } from 'node:crypto'
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'

const [, , server, order] = process.argv
const at = (path) => pathToFileURL(join(server, path)).href
const smime = await import(at('journey/transform/smime/index.js'))
const { certificateOf } = await import(at('keys/certificate.js'))
const { writeEntity } = await import(at('mime/write.js'))
const { work, certificate, key, input, output, seconds, lanes, best } = JSON.parse(readFileSync(order, 'utf8'))

const identity = {
  certificate: certificateOf(readFileSync(certificate)),
  chain: [],
  privateKey: createPrivateKey(readFileSync(key)),
  gateway: false,
}
/** As the spool of a mail is read. */
const BATCH = 1 << 16

const pieces = (source) => Readable.from(source, { objectMode: false, highWaterMark: BATCH })
const file = () => createReadStream(input, { highWaterMark: BATCH })

const jobs = {
  async encryptFile() {
    const envelope = smime.envelopeTo([identity.certificate], { content: 'gcm' })
    await pipeline(pieces(envelope(file())), createWriteStream(output))
    return 1
  },
  async decryptFile() {
    const opened = await smime.openEnveloped(file, [identity])
    await pipeline(pieces(opened.content.stream()), createWriteStream(output))
    await opened.content[Symbol.asyncDispose]()
    return 1
  },
  signMany: () => {
    const body = readFileSync(input)
    const header = [{ name: 'content-type', raw: Buffer.from('Content-Type: text/plain') }]
    const entity = {
      header,
      async *body() {
        yield body
      },
    }
    return many(async () => {
      const time = Date.now()
      for await (const _ of writeEntity(smime.signEntity(entity, identity, { time })));
    })
  },
  encryptMany: () => {
    const body = readFileSync(input)
    return many(async () => {
      const envelope = smime.envelopeTo([identity.certificate])
      for await (const _ of envelope(one(body)));
    })
  },
  decryptMany: () => {
    const body = readFileSync(input)
    return many(async () => {
      const opened = await smime.openEnveloped(() => one(body), [identity])
      await opened.content[Symbol.asyncDispose]()
    })
  },
}

async function* one(data) {
  yield data
}

/** Slices of a measurement: the best of them is the least disturbed by what else the machine does. */
const SLICES = 6
/**
 * V8 compiles in threads of its own, whose work counts as ours: a mail that costs 16 µs beside RSA after 20,000 turns costs 60
 * around the 12,000th, when the last tier is made. A server is through with it. RSA-3072 and longer are not worth the wait.
 */
const WARM_UP_TURNS = 20_000
const WARM_UP_CPU_MS = 6000

/**
 * As often as it can be done in the given time, with so many under way at once; the slice that did most per CPU second, or
 * per second where `best` is `wall`.
 */
async function many(once) {
  const rate = ({ count, cpuMs, wallMs }) => count / (best === 'wall' ? wallMs : cpuMs)
  const began = process.cpuUsage()
  const taken = () => {
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1000
  }
  for (let turn = 0; turn < WARM_UP_TURNS && taken() < WARM_UP_CPU_MS; turn += 1) await once()
  let found = null
  for (let slice = 0; slice < SLICES; slice += 1) {
    const one = await sliceOf(once, (seconds * 1000) / SLICES)
    if (!found || rate(one) > rate(found)) found = one
  }
  return found
}

async function sliceOf(once, ms) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const counts = await Promise.all(
    Array.from({ length: lanes }, async () => {
      let count = 0
      for (; performance.now() < start + ms; count += 1) await once()
      return count
    }),
  )
  return measured(
    cpu,
    start,
    counts.reduce((sum, count) => sum + count, 0),
  )
}

function measured(cpu, start, count) {
  const { user, system } = process.cpuUsage(cpu)
  const rssMb = process.resourceUsage().maxRSS / 1024
  return { cpuMs: (user + system) / 1000, wallMs: performance.now() - start, rssMb, count }
}

// A server is warm: a long message goes through once before it counts.
if (work.endsWith('File')) await jobs[work]()
const cpu = process.cpuUsage()
const start = performance.now()
const outcome = await jobs[work]()
process.stdout.write(JSON.stringify(typeof outcome === 'number' ? measured(cpu, start, outcome) : outcome))
