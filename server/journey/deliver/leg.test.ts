import { expect, it } from 'vitest'
import type { Job, MessageId, Step } from '../../../shared/domain/index.ts'
import type { HopFacts, Route } from '../../ports/transport.ts'
import { asProtected, splitJobs, withSession } from './leg.ts'

const route: Route = { name: 'out', host: 'h', port: 25, tls: 'opportunistic', connections: 1 }
const tlsStep = [{ do: 'protect', method: 'tls' }] as unknown as readonly Step[]

it('sends what TLS protects to a verified next hop only, whatever the route says by now', () => {
  expect(asProtected(route, { steps: tlsStep }).tls).toBe('verified')
  expect(asProtected({ ...route, tls: 'none' }, { steps: tlsStep }).tls).toBe('verified')
  expect(asProtected({ ...route, tls: 'implicit' }, { steps: tlsStep }).tls).toBe('implicit')
  expect(asProtected(route, { steps: [] })).toBe(route)
})

it('gives each next hop a job of its own, with a step that none had before', () => {
  const job = { queue: 'deliver', message: 'm' as MessageId, lane: 'out', step: 'copy-1', runAt: 5 } as Job
  const payload = { copyId: 'copy-1', recipients: ['a@x.example', 'b@y.example'], attempt: 3, warned: true }
  const legs = [
    { route, lane: 'out', recipients: ['a@x.example'] },
    { route, lane: 'y.example', recipients: ['b@y.example'] },
  ]
  expect(splitJobs(job, payload, legs)).toEqual([
    {
      queue: 'deliver',
      message: 'm',
      lane: 'out',
      step: 'copy-1/out#3',
      runAt: 5,
      payload: { ...payload, recipients: ['a@x.example'], root: 'copy-1/out' },
    },
    {
      queue: 'deliver',
      message: 'm',
      lane: 'y.example',
      step: 'copy-1/y.example#3',
      runAt: 5,
      payload: { ...payload, recipients: ['b@y.example'], root: 'copy-1/y.example' },
    },
  ])
})

it('writes how the mail travelled into the receipt', () => {
  const receipt = { method: 'plain', layers: ['signed'], links: [], rules: [] }
  const hop: HopFacts = {
    host: 'mx',
    address: '192.0.2.1',
    port: 25,
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    level: 'verified',
    by: 'dane',
    policy: 'dane',
  }
  expect(withSession(receipt, hop)?.layers).toEqual([
    'signed',
    'TLSv1.3, TLS_AES_256_GCM_SHA384, next hop verified by DANE',
  ])
  expect(withSession(receipt, { ...hop, level: 'encrypted', by: null })?.layers[1]).toBe(
    'TLSv1.3, TLS_AES_256_GCM_SHA384, next hop not verified',
  )
  expect(withSession(receipt, { ...hop, version: null, cipher: null, level: 'none', by: null })?.layers[1]).toBe(
    'transport without TLS',
  )
  expect(withSession(null, hop)).toBeNull()
})
