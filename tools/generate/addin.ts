import { xmlManifest } from '../../addin/manifest/write-xml.ts'
import { bundleLaunch } from '../launch.ts'
import { bundleSignIn } from '../sign-in.ts'

/** Names no installation: each gateway serves its own at `/addin/manifest.xml`. */
const SAMPLE = {
  base: 'https://mail.example/addin',
  id: '5b1c6b0e-6f5c-4c53-9d53-2f1f0e6c7a10',
  supportUrl: 'https://mail.example/addin/help.html',
  sendMode: 'SoftBlock',
} as const
const COMMENT =
  '<!-- Generated from addin/manifest for mail.example, to read; yours is at /addin/manifest.xml of your gateway. -->'

/** What the add-in serves and nobody writes by hand, and a manifest to look at. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  return [
    { path: 'addin/public/launchevent.js', content: await bundleLaunch() },
    { path: 'addin/public/sign-in.js', content: await bundleSignIn() },
    { path: 'manifest.xml', content: xmlManifest(SAMPLE).replace('\n', `\n${COMMENT}\n`) },
  ]
}
