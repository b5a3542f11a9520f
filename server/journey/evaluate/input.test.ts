import { expect, it } from 'vitest'
import { type Origin, tenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { mail as policyMail, policyOf, ruleSet, rules } from '../../../test/support/policy.ts'
import { openFacts } from '../../people/facts-house.ts'
import { tenantSecrets } from '../../platform/secrets.ts'
import { plainTenant } from '../tenant.ts'
import type { MailFacts } from './given.ts'
import { assembleInput, type Scope } from './input.ts'

const id = tenantId('one')
const tenant = plainTenant(id, 'tenant.example')

const origin: Origin = { channel: 'smtp', authenticated: 'auth', peer: '', tls: null }
const NOW = Date.parse('2026-03-02T10:00:00Z')

/** The input for two strangers, and who was looked up where. */
async function assembled(list: readonly string[], subject: string, scope: Scope = 'needed', fails = false) {
  const house = await openFacts(null, { tenant: id, secrets: tenantSecrets(Buffer.alloc(32, 7)), now: NOW })
  const asked: string[] = []
  const { direction: _, classification: __, authenticated: ___, source: ____, ...message } = policyMail().message
  const facts: MailFacts = {
    message: { ...message, subject },
    attachments: [],
    visible: { to: ['x@one.example', 'y@two.example'], cc: [] },
    rawIntent: { classification: [], protection: [], stamp: [] },
  }
  const { input } = await assembleInput(
    {
      envelope: {
        mailFrom: 'a@tenant.example',
        recipients: [{ address: 'x@one.example' }, { address: 'y@two.example' }],
        body: '7BIT',
        smtputf8: false,
        requireTls: false,
      },
      origin,
      receivedAt: NOW,
      facts,
    },
    tenant,
    policyOf(ruleSet(rules(...list))),
    {
      stamps: null,
      directory: {
        ...house.directory,
        async person(of, address) {
          asked.push(`person ${address}`)
          if (fails) throw new Fault('store-unavailable')
          return house.directory.person(of, address)
        },
      },
      keyring: {
        ...house.keyring,
        async certificate(of, address, at) {
          asked.push(`certificate ${address}`)
          return house.keyring.certificate(of, address, at)
        },
      },
    },
    scope,
  )
  return { input, asked: asked.sort() }
}

const SECRET = '{id: a, when: {message.subject: {contains: secret}}, then: [{protect: {anyOf: [smime, portal]}}]}'

it('a mail that no rule on keys or people can concern costs no look-up but the sender', async () => {
  const { input, asked } = await assembled([SECRET], 'hello')
  expect(asked).toEqual(['person a@tenant.example'])
  expect(input.recipients.map(({ unasked }) => unasked)).toEqual([
    ['directory', 'keys'],
    ['directory', 'keys'],
  ])
})

it('a rule that chooses a method looks up every recipient it is for', async () => {
  const one = `{id: a, when: {recipient.domain: one.example}, then: [{protect: {anyOf: [smime, portal]}}]}`
  const { input, asked } = await assembled([one], 'hello')
  expect(asked).toEqual(['certificate x@one.example', 'person a@tenant.example', 'person x@one.example'])
  expect(input.recipients.map(({ keys, unasked }) => [keys, unasked])).toEqual([
    [{ smime: 'none', pgp: 'none' }, undefined],
    [{}, ['directory', 'keys']],
  ])
})

it('an explanation sees every fact', async () => {
  const { input, asked } = await assembled([SECRET], 'hello', 'all')
  expect(asked).toHaveLength(5)
  expect(input.recipients.every(({ unasked }) => unasked === undefined)).toBe(true)
})

it('a look-up that fails leaves its facts unknown, which is not the same as not asked', async () => {
  const groups = '{id: g, when: {recipient.groups: vip}, then: [{reject: {text: no}}]}'
  const { input } = await assembled([groups], 'hello', 'needed', true)
  expect(input.recipients.map(({ groups: found, unasked }) => [found, unasked])).toEqual([
    [undefined, ['keys']],
    [undefined, ['keys']],
  ])
})

it("strangers' mail is authenticated only where an open rule asks, or the tenant wants it; what was not asked is told", async () => {
  const auth = {
    spf: 'pass',
    dkim: 'none',
    dkimDomains: [],
    dmarc: 'fail',
    dmarcPolicy: 'reject',
    arc: 'none',
    arcSealer: null,
  } as const
  const house = await openFacts(null, { tenant: id, secrets: tenantSecrets(Buffer.alloc(32, 7)), now: NOW })
  const rule =
    '{id: r, when: {all: [{message.subject: invoice}, {message.auth.dmarc: fail}]}, then: [{hold: {text: t, approvers: [a@tenant.example]}}]}'
  async function told(subject: string, always: boolean, authenticated: 'none' | 'auth' = 'none') {
    let asked = 0
    const { direction: _, classification: __, authenticated: ___, source: ____, ...message } = policyMail().message
    const { input } = await assembleInput(
      {
        envelope: {
          mailFrom: 'x@stranger.example',
          recipients: [{ address: 'a@tenant.example' }],
          body: '7BIT',
          smtputf8: false,
          requireTls: false,
        },
        origin: { ...origin, authenticated },
        receivedAt: NOW,
        facts: {
          message: { ...message, subject },
          attachments: [],
          visible: { to: [], cc: [] },
          rawIntent: { classification: [], protection: [], stamp: [] },
        },
        authenticity: {
          always,
          facts: async () => {
            asked++
            return auth
          },
        },
      },
      tenant,
      policyOf(ruleSet(rules(rule))),
      { stamps: null, directory: house.directory, keyring: house.keyring },
      'needed',
    )
    return { asked, auth: input.message.auth, unasked: input.message.unasked }
  }
  expect(await told('invoice', false)).toEqual({ asked: 1, auth, unasked: undefined })
  expect(await told('hello', false)).toEqual({ asked: 0, auth: undefined, unasked: ['auth'] })
  expect(await told('hello', true)).toEqual({ asked: 1, auth, unasked: undefined })
  expect(await told('invoice', true, 'auth')).toEqual({ asked: 0, auth: null, unasked: undefined })
})
