import { type DefaultTreeAdapterMap, type DefaultTreeAdapterTypes, defaultTreeAdapter, Parser } from 'parse5'
import { othersTurn, turnIsOver } from '../threads/turn.ts'

/** Nesting at which browsers stop as well. */
const DEPTH_MAX = 512
/** Elements opened in all, those that the parser repeats for formatting included. */
const ELEMENTS_MAX = 300_000
/** Characters between two looks at the clock. */
const SLICE = 4_096

class TooMuch extends Error {}

/**
 * The tree a browser makes of HTML, or null where deep nesting or repeated formatting would cost time or memory out of proportion
 * to the text (the tree builder of the HTML standard is quadratic in the depth). Others have their turn in between.
 */
export async function parseHtml(html: string): Promise<DefaultTreeAdapterTypes.Document | null> {
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
    const parser = new Parser<DefaultTreeAdapterMap>({ sourceCodeLocationInfo: true, treeAdapter })
    for (let at = 0; at < html.length; at += SLICE) {
      if (turnIsOver()) await othersTurn()
      parser.tokenizer.write(html.slice(at, at + SLICE), false)
    }
    parser.tokenizer.write('', true)
    return parser.document
  } catch (error) {
    if (error instanceof TooMuch) return null
    throw error
  }
}
