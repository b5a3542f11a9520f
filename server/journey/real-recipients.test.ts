import { describe, expect, it } from 'vitest'
import type { Envelope } from '../../shared/domain/index.ts'
import { type ForeignIntent, NO_FOREIGN_INTENT } from '../../shared/words/foreign/mapping.ts'
import { FOREIGN_PRODUCTS } from '../../shared/words/foreign/products.ts'
import { joinTwins, realNames, realRecipients } from './real-recipients.ts'

const all: ForeignIntent = { products: FOREIGN_PRODUCTS, labels: {}, unsafe: false }
const ours = { authenticated: 'auth' } as const
const stranger = { authenticated: 'none' } as const
const envelope = (recipients: Envelope['recipients']): Envelope => ({
  mailFrom: 'a@ours.example',
  recipients,
  body: '7BIT',
  smtputf8: false,
  requireTls: false,
})

describe('recipients of an authenticated mail', () => {
  it('are the real people, in their order; what was typed is the original recipient unless the client names another', () => {
    const typed = envelope([
      { address: 'b@x.example' },
      { address: 'c@y.example.s', notify: ['FAILURE'] },
      { address: 'd@y.example.s', orcpt: 'rfc822;first@z.example' },
    ])
    expect(realRecipients(typed, ours, all).envelope.recipients).toEqual([
      { address: 'b@x.example' },
      { address: 'c@y.example', notify: ['FAILURE'], orcpt: 'rfc822;c@y.example.s', asked: 'encrypt' },
      { address: 'd@y.example', orcpt: 'rfc822;first@z.example', asked: 'encrypt' },
    ])
  })
  it('named twice get one mail, with all that was asked for', () => {
    const typed = envelope(['b@x.example', 'psph_no_muc_b@x.example', 'b@x.example.s'].map((address) => ({ address })))
    const [one, ...more] = joinTwins(realRecipients(typed, ours, all).envelope).recipients
    expect(more).toEqual([])
    expect(one?.address).toBe('b@x.example')
    expect(one?.asked?.split(', ').toSorted()).toEqual(['encrypt', 'portal;second-factor'])
  })
})

it('nobody is changed without a product, nor in the mail of a stranger', () => {
  const typed = envelope([{ address: 'c@y.example.s' }])
  for (const [origin, foreign] of [
    [ours, NO_FOREIGN_INTENT],
    [stranger, all],
  ] as const) {
    expect(realRecipients(typed, origin, foreign)).toEqual({ envelope: typed, read: [] })
    expect(realNames('To: c@y.example.s', origin, foreign)).toBe('To: c@y.example.s')
  }
})
