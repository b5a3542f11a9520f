/** Stands in for `tr46` in browsers. */
import { Table } from './pending.ts'

const table = new Table(async () => (await import('tr46')).default)

export default {
  toASCII: (...given: Parameters<typeof import('tr46')['toASCII']>) => table.get().toASCII(...given),
  toUnicode: (domain: string) => table.get().toUnicode(domain),
}
