/** A mail's HTML made fit for a browser that has nothing but it: images stand in the text, everything that acts or loads is gone. */
import { type DefaultTreeAdapterTypes, parse, serialize, defaultTreeAdapter as tree } from 'parse5'
import type { DocumentPage } from '../../../ports/document.ts'
import { checkImage } from './images.ts'

type Element = DefaultTreeAdapterTypes.Element

const GONE = new Set(
  'script iframe frame frameset object embed applet link base meta audio video source track portal form input button select textarea svg math'.split(
    ' ',
  ),
)
/** Attributes that load or lead somewhere; what they may hold is decided one by one. */
const LOADING = new Set(['srcset', 'background', 'poster', 'action', 'formaction', 'ping', 'manifest', 'xlink:href'])

/** The whole document, as `Page.setDocumentContent` takes it. */
export function chromiumHtml(html: string, images: DocumentPage['images']): string {
  const document = parse(html, { scriptingEnabled: false })
  const open: DefaultTreeAdapterTypes.ParentNode[] = [document]
  while (open.length > 0) {
    const node = open.pop()!
    for (const child of [...tree.getChildNodes(node)]) {
      if (!tree.isElementNode(child)) continue
      if (GONE.has(child.tagName)) {
        tree.detachNode(child)
        continue
      }
      clean(child, images)
      open.push(child)
      if ('content' in child) open.push(child.content as DefaultTreeAdapterTypes.DocumentFragment)
    }
  }
  return serialize(document)
}

function clean(element: Element, images: DocumentPage['images']): void {
  element.attrs = element.attrs.flatMap((attribute) => {
    const { name, value } = attribute
    if (name.startsWith('on') || LOADING.has(name)) return []
    if (name === 'href') return /^(https?:|mailto:|tel:|#)/i.test(value.trim()) ? [attribute] : []
    if (name !== 'src') return [attribute]
    const data = element.tagName === 'img' ? imageData(value.trim(), images) : null
    return data === null ? [] : [{ name, value: data }]
  })
}

/** A `data:` URL of an image that is whole, else null: the browser then shows its alternative text. */
function imageData(source: string, images: DocumentPage['images']): string | null {
  const written = /^data:image\/(?:png|jpe?g);base64,/i.exec(source)
  const bytes = written
    ? Buffer.from(source.slice(written[0].length), 'base64')
    : /^cid:/i.test(source)
      ? images?.get(decoded(source.slice(4)))?.data
      : undefined
  const image = bytes === undefined ? null : checkImage(bytes)
  return image && `data:image/${image.format === 'png' ? 'png' : 'jpeg'};base64,${image.data.toString('base64')}`
}

function decoded(contentId: string): string {
  try {
    return decodeURIComponent(contentId)
  } catch {
    return contentId
  }
}
