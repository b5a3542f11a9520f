/** Stands in for `yaml` in browsers: a bundle is JSON, so only who writes rules needs the parser. */
import { Table } from './pending.ts'

type Yaml = typeof import('yaml')

const table = new Table(() => import('yaml'))

export const isAlias = (node: unknown) => table.get().isAlias(node)
export const isMap = (node: unknown) => table.get().isMap(node)
export const isScalar = (node: unknown) => table.get().isScalar(node)
export const isSeq = (node: unknown) => table.get().isSeq(node)
export const parseAllDocuments = (...given: Parameters<Yaml['parseAllDocuments']>) =>
  table.get().parseAllDocuments(...given)

/** Made by the loaded parser's own class. */
export const LineCounter = new Proxy(class {}, {
  construct: () => new (table.get().LineCounter)(),
}) as unknown as Yaml['LineCounter']
