import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('counts, observes and gauges under the prefix, with the process figures beside them', async () => {
  const metrics = createMetrics()
  metrics.count('messages_accepted_total', { tenant: 'alpha' })
  metrics.count('messages_accepted_total', { tenant: 'alpha' }, 2)
  metrics.observe('stage_seconds', 0.02, { stage: 'parse' })
  metrics.gauge('queue_jobs', 7)
  const { contentType, body } = await metrics.exposition()
  expect(contentType).toContain('text/plain')
  expect(body).toContain('secflow_messages_accepted_total{tenant="alpha"} 3')
  expect(body).toContain('secflow_stage_seconds_bucket{le="0.025",stage="parse"} 1')
  expect(body).toContain('secflow_queue_jobs 7')
  expect(body).toMatch(/secflow_nodejs_eventloop_lag_p99_seconds \d/)
})

test('a label that came later does not fail the caller', async () => {
  const metrics = createMetrics()
  metrics.count('x_total', { a: '1' })
  metrics.count('x_total', { a: '1', b: '2' })
  metrics.count('x_total')
  const { body } = await metrics.exposition()
  expect(body).toContain('secflow_x_total{a="1"} 2')
  expect(body).toContain('secflow_x_total{a=""} 1')
})
