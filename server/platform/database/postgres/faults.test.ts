import { expect, test } from 'vitest'
import { Fault } from '../../../../shared/fault/index.ts'
import { faultOf, isConflict, isLost, unwrapped } from './faults.ts'

const server = (code: string, severity = 'ERROR') => Object.assign(new Error('said so'), { severity, code })
const system = (code: string) => Object.assign(new Error('system'), { code })

test.each([
  ['53100', 'disk-full'],
  ['53300', 'store-unavailable'],
  ['57P01', 'store-unavailable'],
  ['57014', 'store-unavailable'],
  ['55P03', 'store-unavailable'],
  ['25006', 'store-unavailable'],
  ['40001', 'store-unavailable'],
  ['40P01', 'store-unavailable'],
  ['58030', 'store-unavailable'],
  ['XX001', 'store-unavailable'],
  ['23505', 'internal'],
  ['42P01', 'internal'],
  ['22P02', 'internal'],
])('%s means %s', (state, code) => {
  const error = server(state)
  expect(faultOf(error)).toMatchObject({ code, cause: error })
})

test.each(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'CERT_SIGNATURE_FAILURE', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])(
  '%s is a connection that is gone',
  (code) => {
    expect(faultOf(system(code))).toMatchObject({ code: 'store-unavailable' })
    expect(isLost(new AggregateError([system(code)]))).toBe(true)
  },
)

test('a wrong argument is our own mistake', () => {
  expect(faultOf(system('ERR_INVALID_ARG_TYPE'))).toMatchObject({ code: 'internal' })
  expect(faultOf(new TypeError('x is not a function'))).toMatchObject({ code: 'internal' })
})

test('only a deadlock and a serialization failure are tried again as conflicts', () => {
  expect(['40001', '40P01', '40003', '23505'].map((state) => isConflict(server(state)))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(isLost(server('28P01', 'FATAL'))).toBe(true)
  expect(isLost(server('23505'))).toBe(false)
})

test('what drizzle wraps is unwrapped; what others threw stays', () => {
  const fault = new Fault('disk-full')
  expect(unwrapped(new Error('Failed query', { cause: fault }))).toBe(fault)
  const own = new Error('mine')
  expect(unwrapped(own)).toBe(own)
})
