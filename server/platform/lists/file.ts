import { open, realpath } from 'node:fs/promises'
import path from 'node:path'
import { Fault } from '../../../shared/fault/index.ts'
import type { ReadList } from '../../ports/lists.ts'
import { entriesOf, MAX_LIST_BYTES } from './entries.ts'

/** A file below `directory`, links that lead out of it refused. Raises as `ListReader`. */
export async function readFileList(directory: string, name: string, known: string | null): Promise<ReadList | null> {
  const [root, file] = await Promise.all([realpath(directory), realpath(path.join(directory, name))]).catch((cause) => {
    throw new Fault('effect-unreachable', `the list ${name} cannot be read`, { cause })
  })
  if (!file.startsWith(root + path.sep)) throw new Fault('effect-refused', `${name} leads out of the folder of lists`)
  await using handle = await open(file, 'r').catch((cause: unknown) => {
    throw new Fault('effect-unreachable', `the list ${name} cannot be read`, { cause })
  })
  const stat = await handle.stat({ bigint: true })
  if (!stat.isFile()) throw new Fault('effect-refused', `${name} is no file`)
  if (stat.size > MAX_LIST_BYTES) throw new Fault('effect-refused', `${name} is larger than ${MAX_LIST_BYTES} bytes`)
  const tag = `${stat.ino}-${stat.size}-${stat.mtimeNs}`
  if (tag === known) return null
  // One byte more than it had: a file that grows meanwhile is read again, not cut.
  const buffer = Buffer.alloc(Number(stat.size) + 1)
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
  if (bytesRead !== Number(stat.size)) throw new Fault('effect-unreachable', `${name} changes while it is read`)
  return { values: entriesOf(buffer.toString('utf8', 0, bytesRead)), tag }
}
