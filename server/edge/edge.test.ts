import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { noMetrics, silentLog } from '../ports/log.ts'
import { openEdge } from './edge.ts'
import type { EdgeSettings } from './methods.ts'

it('a house whose edge died is closed all the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-edge-'))
  try {
    const died: Error[] = []
    const settings = {
      smtp: { host: '127.0.0.1', port: 0, name: 'gw.acme.example', tls: { key: 'no key', cert: 'no certificate' } },
      accept: {},
      tenants: [],
      blobs: { kind: 'files', root: join(folder, 'blobs'), reserve: 0 },
      transport: { name: 'gw.acme.example', stateDir: folder },
      debug: false,
    } as unknown as EdgeSettings
    const edge = openEdge(settings, {
      record: async () => {},
      taken: async () => null,
      authenticate: async () => null,
      policyReady: () => true,
      log: silentLog,
      metrics: noMetrics,
      failed: (error) => void died.push(error),
    })
    await expect(edge.smtp.listen()).rejects.toMatchObject({ code: 'internal' })
    expect(died).toHaveLength(1)
    await edge.transport.close()
    await edge.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}, 20_000)
