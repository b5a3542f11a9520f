import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Folder of the Office.js that is installed for tests and the demo; null where it is not. */
export function officeFolder(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('@microsoft/office-js/package.json')), 'dist')
  } catch {
    return null
  }
}

/** A script of Office.js by its path below the folder, letters of any case; null for whatever is none. */
export async function officeScript(folder: string, path: string): Promise<Buffer | null> {
  const name = path.toLowerCase()
  if (!/^(?:[a-z0-9-]+\/)?[a-z0-9._-]+\.js$/.test(name)) return null
  const file = join(folder, name)
  return existsSync(file) ? readFile(file) : null
}

/**
 * The page with which Office.js asks whether a host that it does not know may be trusted: the simulator is one, on this
 * machine and without TLS.
 */
export const TRUST_PAGE = '<!doctype html><html lang="en"><title>Trust</title><script src="trust.js"></script></html>'
export const TRUST_SCRIPT =
  "addEventListener('message', (event) => event.source.postMessage(JSON.stringify({ hostUserTrusted: true }), event.origin))\n"

const CDN = 'https://appsforoffice.microsoft.com/lib/1/hosted/office.js'

/** A page of the add-in as it is served, but with the Office.js of this machine; its own files stay where they are. */
export function withLocalOffice(html: string, base: string): string {
  const tag = new RegExp(`<script[^>]*src="${CDN.replaceAll('.', '\\.')}"[^>]*></script>`)
  const scripts = ['/simulator/before.js', '/simulator/office/office.js', '/simulator/after.js']
  return html
    .replace(/<head([^>]*)>/, `<head$1><base href="${base}">`)
    .replace(tag, scripts.map((src) => `<script src="${src}"></script>`).join(''))
}
