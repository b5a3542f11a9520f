import { expect, test } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { startPostgres } from '../support/postgres.ts'

test('a gateway that finds its object store away at the start ends, so that whoever started it starts it again', async () => {
  const server = await startPostgres()
  try {
    await server.create('gateway')
    const env = {
      SECFLOW_BLOBS_URL: 's3://nowhere?endpoint=http://127.0.0.1:9',
      SECFLOW_BLOBS_ACCESS_KEY_ID: 'nobody',
      SECFLOW_BLOBS_SECRET_ACCESS_KEY: 'nothing',
    }
    const started = startGateway({ env, settings: { database: { url: server.url('gateway') } } })
    await expect(started).rejects.toThrow(/the gateway ended with 3[\s\S]*store-unavailable/)
  } finally {
    await server.stop()
  }
}, 120_000)
