/** Child process: `decrypt` or `verify` (argv[2]) of the DER file argv[5] to the file argv[6] with argv[3] (certificate or anchor) and argv[4] (key); prints memory growth. */
import { createPrivateKey } from 'node:crypto'
import { createReadStream, createWriteStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openEnveloped, openSigned } from '../../server/journey/transform/smime/index.ts'
import { certificateOf } from '../../server/keys/certificate.ts'

const [, , work, certificatePath, keyPath, input, output] = process.argv
const certificate = certificateOf(readFileSync(certificatePath!))
const privateKey = createPrivateKey(readFileSync(keyPath!))
const source = () => createReadStream(input!)
const before = process.resourceUsage().maxRSS
const { content } =
  work === 'decrypt'
    ? await openEnveloped(source, [{ certificate, chain: [], privateKey, gateway: false }])
    : await openSigned(source, { anchors: [certificate], at: Date.now() })
await pipeline(Readable.from(content.stream(), { objectMode: false }), createWriteStream(output!))
await content[Symbol.asyncDispose]()
console.log(JSON.stringify({ grownKb: process.resourceUsage().maxRSS - before }))
