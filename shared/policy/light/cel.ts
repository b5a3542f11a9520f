/** Stands in for the room of expressions in browsers: only policies that allow `cel:` need it, and the library behind it. */
import type * as Cel from '../cel/leaf.ts'
import { Table } from './pending.ts'

const table = new Table(() => import('../cel/leaf.ts'))

export const readCel: typeof Cel.readCel = (...given) => table.get().readCel(...given)
