import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tenantId } from '../../../../shared/domain/index.ts'
import { lanesOf, payloadsOf } from './signal.ts'

const lane = fc.record(
  {
    queue: fc.constantFrom('process' as const, 'deliver' as const),
    tenant: fc.constantFrom(tenantId('alpha'), tenantId('beta')),
    lane: fc.string({ maxLength: 400, unit: 'grapheme' }),
    probe: fc.constant(true as const),
  },
  { requiredKeys: ['queue', 'tenant', 'lane'], noNullPrototype: true },
)

test('lanes come through a payload as they were, in payloads that the server takes', () => {
  fc.assert(
    fc.property(fc.array(lane, { maxLength: 200 }), (lanes) => {
      const payloads = payloadsOf(lanes)
      expect(payloads.every((payload) => Buffer.byteLength(payload) < 8_000)).toBe(true)
      expect(payloads.flatMap(lanesOf)).toEqual(lanes)
    }),
  )
})

test.each(['', 'x', '{}', '[1]', '[["process","alpha"]]', '[["process","alpha",1]]', '[["process","../x",""]]'])(
  'the payload %j of somebody else says nothing',
  (payload) => expect(lanesOf(payload)).toEqual([]),
)
