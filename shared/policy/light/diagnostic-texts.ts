/** Stands in for the texts of findings in browsers: a bundle that was checked has none. */
import type * as Texts from '../diagnostic-texts.ts'
import { Table } from './pending.ts'

const table = new Table(() => import('../diagnostic-texts.ts'))

export const messages: (typeof Texts)['messages'] = new Proxy({} as (typeof Texts)['messages'], {
  get: (_none, code: Texts.DiagnosticCode) => table.get().messages[code],
})
