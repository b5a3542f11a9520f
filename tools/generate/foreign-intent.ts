import { writeForeignMapping } from '../../shared/words/foreign/document.ts'
import { FOREIGN_PRODUCTS } from '../../shared/words/foreign/products.ts'

const HEAD = `# What Secflow understands of other gateways' clients: the shipped mapping (shared/words/foreign/products.ts), as a file to start
# one's own from. In secflow.yaml: foreignIntent: {mapping: "\${file:foreign-intent.yaml}"}.
`

/** The shipped mapping of foreign intent as a file of kind ForeignIntent. */
export function generate(): { path: string; content: string }[] {
  return [{ path: 'docs/operate/foreign-intent.yaml', content: HEAD + writeForeignMapping(FOREIGN_PRODUCTS) }]
}
