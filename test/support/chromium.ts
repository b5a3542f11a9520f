import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** Debian's Chromium, without a window, that asks nobody outside for anything. Its profile is gone when it ends, however that comes. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: join(import.meta.dirname, 'chromium.sh'),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
