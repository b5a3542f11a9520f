import { ask, type Deadline, pause } from './ask.ts'
import type { ComposeItem } from './host.ts'

/** Waits before the second and the third try, ms: replies and pop-outs fail at first (9042, 5001). */
const PAUSES = [60, 120]

/** Writes the headers in one call, again where that fails and they are still `wanted`. Whether the client says they are there. */
export function writeHeaders(
  item: ComposeItem,
  headers: Readonly<Record<string, string>>,
  deadline: Deadline,
  wanted: () => boolean,
  attempt = 0,
): Promise<boolean> {
  if (!wanted()) return Promise.resolve(false)
  return ask((done) => item.internetHeaders!.setAsync!(headers, done), deadline).then((answer) => {
    const wait = PAUSES[attempt]
    if (answer?.code === null) return true
    if (deadline.ended || wait === undefined) return false
    return pause(wait).then(() => writeHeaders(item, headers, deadline, wanted, attempt + 1))
  })
}
