/** Time: always the time of receipt that stands in the input, never a clock. */
import { duration, moment } from '../../parse/shape.ts'
import { nearest } from '../../text/nearest.ts'
import { type Schedule, scheduleTest } from '../../text/schedule.ts'
import { instant } from '../../text/units.ts'
import type { Scene } from '../field.ts'
import { type OperatorDefinition, operator } from '../operator.ts'

const during: OperatorDefinition<Schedule> = {
  name: 'during',
  types: ['time'],
  costly: true,
  doc: { de: 'liegt im Zeitplan', en: 'lies within the schedule' },
  schema: () => ({ type: 'string' }),
  read(node, _field, env) {
    const name = node.kind === 'scalar' ? String(node.value) : ''
    const schedule = env.schedules.get(name)
    if (!schedule) env.findings.add('unknown-schedule', node.at, { name }, nearest(name, env.schedules.keys()))
    return schedule
  },
  test(operand) {
    const open = scheduleTest(operand)
    return (value) => open(Number(value))
  },
}

const before = operator<number>({
  name: 'before',
  types: ['time'],
  doc: { de: 'liegt vor', en: 'lies before' },
  operand: () => moment,
  test: (operand) => (value) => Number(value) < operand,
})

const after = operator<number>({
  name: 'after',
  types: ['time'],
  doc: { de: 'liegt nach (oder genau an)', en: 'lies after (or exactly at)' },
  operand: () => moment,
  test: (operand) => (value) => Number(value) >= operand,
})

const olderThan = operator<number>({
  name: 'olderThan',
  types: ['time'],
  doc: { de: 'liegt länger zurück als (nie gilt auch)', en: 'lies further back than (never counts, too)' },
  operand: () => duration,
  test: (operand) => (value, scene) => receipt(scene) - Number(value) > operand * 1000,
  absent: () => true,
})

const within = operator<number>({
  name: 'within',
  types: ['time'],
  doc: { de: 'liegt höchstens so lange zurück', en: 'lies back no longer than' },
  operand: () => duration,
  test: (operand) => (value, scene) => receipt(scene) - Number(value) <= operand * 1000,
})

function receipt(scene: Scene): number {
  return instant(scene.input.time) ?? 0
}

export const temporal = [during, before, after, olderThan, within]
