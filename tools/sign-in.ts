/** Bundles the window that signs users of the add-in in: one small script, by the bundler of the launch events. */
import { join } from 'node:path'
import { bundle } from './launch.ts'

export async function bundleSignIn(): Promise<string> {
  const code = await bundle({
    input: join(import.meta.dirname, '../addin/sign-in/page.ts'),
    platform: 'browser',
    transform: { target: 'es2022' },
  })
  return `/* Secflow: the window that signs in. Made by tools/sign-in.ts from addin/sign-in. */\n${code}\n`
}
