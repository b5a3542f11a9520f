import { type DefaultTreeAdapterMap, type DefaultTreeAdapterTypes, defaultTreeAdapter, parse } from 'parse5'

/** Nesting at which browsers stop as well. */
const DEPTH_MAX = 512
/** Elements opened in all, those that the parser repeats for formatting included. */
const ELEMENTS_MAX = 300_000

class TooMuch extends Error {}

/**
 * The tree a browser makes of HTML, or null where deep nesting or repeated formatting would cost time or memory out of proportion
 * to the text (the tree builder of the HTML standard is quadratic in the depth).
 */
export function parseHtml(html: string): DefaultTreeAdapterTypes.Document | null {
  let depth = 0
  let elements = 0
  const treeAdapter: typeof defaultTreeAdapter = {
    ...defaultTreeAdapter,
    onItemPush: () => {
      if (++depth > DEPTH_MAX || ++elements > ELEMENTS_MAX) throw new TooMuch()
    },
    onItemPop: () => {
      depth--
    },
  }
  try {
    return parse<DefaultTreeAdapterMap>(html, { sourceCodeLocationInfo: true, treeAdapter })
  } catch (error) {
    if (error instanceof TooMuch) return null
    throw error
  }
}
