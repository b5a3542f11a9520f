/** Child process: encrypts files into a container as the server does; prints CPU time of that (ms) and peak memory (MB). */
import { readFileSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { type ContainerFile, encryptedPdf } from '../../server/journey/transform/pdf/container.ts'
import { collectYoung } from '../../server/platform/young.ts'

const [pagePath, out, ...paths] = process.argv.slice(2) as [string, string, ...string[]]
const page = readFileSync(pagePath)
const PIECE = 98_304
const WARM_UP = 2

const fileAt = (path: string): ContainerFile => ({
  name: basename(path),
  mediaType: 'application/octet-stream',
  size: statSync(path).size,
  async *stream() {
    await using file = await open(path)
    // The container is done with a piece when it asks for the next.
    const piece = Buffer.allocUnsafe(PIECE)
    for (;;) {
      const { bytesRead } = await file.read(piece)
      if (bytesRead === 0) return
      yield piece.subarray(0, bytesRead)
    }
  },
})

const write = async (files: readonly ContainerFile[]) => {
  await using file = await open(out, 'w')
  const container = { page, files, userPassword: 'user', ownerPassword: 'owner', time: 0 }
  for await (const piece of encryptedPdf(container)) await file.write(piece)
}

// A server collects its young buffers, and is warm: what is compiled on the way is not the job.
const stopCollecting = collectYoung()
for (let turn = 0; turn < WARM_UP; turn += 1) await write(paths.map(fileAt))
const before = process.cpuUsage()
await write(paths.map(fileAt))
const { user, system } = process.cpuUsage(before)
// Not the kernel's maximum for the process: that one begins with what the parent had when it forked.
const peakKb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, peakMb: peakKb / 1024 }))
stopCollecting()
