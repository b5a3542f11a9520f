import { APP_ICONS } from './addin.ts'
import { childOf, type Report, walk } from './finding.ts'
import type { Element } from './xml.ts'

export interface FetchedFile {
  readonly bytes: Uint8Array
  /** Value of Cache-Control; null where the file did not come over HTTP. */
  readonly cacheControl: string | null
}

/** The file behind an address; a text says why there is none. */
export type FetchFile = (url: string) => Promise<FetchedFile | string>

/** Pictures: there, PNG, of the size that the manifest says. Script: has a handler for each event. */
export async function checkFiles(root: Element, fetchFile: FetchFile, report: Report): Promise<void> {
  const fetched = new Map<string, FetchedFile | string>()
  const get = async (url: string) => {
    const file = fetched.get(url) ?? (await fetchFile(url))
    fetched.set(url, file)
    return file
  }
  for (const { url, size, where } of pictures(root)) {
    const file = await get(url)
    if (typeof file === 'string') report('file', where, `${url}: ${file}`)
    else checkPicture(url, file, size, where, report)
  }
  for (const { url, handlers, where } of scripts(root)) {
    const file = await get(url)
    if (typeof file === 'string') {
      report('file', where, `${url}: ${file}`)
      continue
    }
    const code = new TextDecoder().decode(file.bytes)
    for (const handler of handlers)
      if (!code.includes(handler))
        report('handler', where, `${url} has no handler ${handler}: every send would be held`)
  }
}

interface Picture {
  readonly url: string
  readonly size: number
  readonly where: Element
}

function* pictures(root: Element): Generator<Picture> {
  for (const [name, size] of [
    ['IconUrl', APP_ICONS.normal] as const,
    ['HighResolutionIconUrl', APP_ICONS.fine] as const,
  ]) {
    const where = childOf(root, name)
    if (where?.attributes.DefaultValue) yield { url: where.attributes.DefaultValue, size, where }
  }
  for (const [one, parents] of walk(root)) {
    if (one.name !== 'Icon') continue
    for (const image of one.children) {
      const where = resource(parents, image.attributes.resid)
      if (where?.attributes.DefaultValue)
        yield { url: where.attributes.DefaultValue, size: Number(image.attributes.size), where }
    }
  }
}

function* scripts(root: Element) {
  for (const [one, parents] of walk(root)) {
    if (one.name !== 'Host') continue
    const override = childOf(childOf(childOf(one, 'Runtimes'), 'Runtime'), 'Override')
    const where = resource(parents, override?.attributes.resid)
    const handlers = [...walk(one)].flatMap(([event]) =>
      event.name === 'LaunchEvent' ? (event.attributes.FunctionName ?? []) : [],
    )
    if (where?.attributes.DefaultValue) yield { url: where.attributes.DefaultValue, handlers, where }
  }
}

/** A resource of the nearest VersionOverrides. */
function resource(parents: readonly Element[], id: string | undefined): Element | undefined {
  const overrides = parents.findLast(({ name }) => name === 'VersionOverrides')
  return childOf(overrides, 'Resources')
    ?.children.flatMap(({ children }) => children)
    .find(({ attributes }) => attributes.id === id)
}

/** Signature and header chunk (PNG, third edition, 5.2 and 11.2.1). */
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/** Width and height in pixels; null for what is no PNG. */
export function pngSize(bytes: Uint8Array): { readonly width: number; readonly height: number } | null {
  if (bytes.length < 24 || PNG.some((byte, at) => bytes[at] !== byte)) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { width: view.getUint32(16), height: view.getUint32(20) }
}

function checkPicture(
  url: string,
  { bytes, cacheControl }: FetchedFile,
  size: number,
  where: Element,
  report: Report,
): void {
  const found = pngSize(bytes)
  if (!found) report('icon', where, `${url} is no PNG`)
  else if (found.width !== size || found.height !== size)
    report('icon', where, `${url} has ${found.width} x ${found.height} pixels, not ${size} x ${size}`)
  if (/no-(?:cache|store)/i.test(cacheControl ?? ''))
    report('icon', where, `${url} may not be cached: Outlook shows no picture`)
}
