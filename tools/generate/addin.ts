import { bundleLaunch } from '../launch.ts'

/** What the add-in serves and nobody writes by hand. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  return [{ path: 'addin/public/launchevent.js', content: await bundleLaunch() }]
}
