import { expect, it } from 'vitest'
import { Fault } from '../../../shared/fault/index.ts'
import type { Resolver } from '../../ports/dns.ts'
import { addressesOf, inOrder, shuffled } from './addresses.ts'

it('tries IPv6 and IPv4 turn by turn, IPv6 first', () => {
  expect(inOrder(['2001:db8::1'], ['192.0.2.1'], { six: true, four: true })).toEqual(['2001:db8::1', '192.0.2.1'])
  const many = inOrder(['2001:db8::1', '2001:db8::2'], ['192.0.2.1', '192.0.2.2', '192.0.2.3'], {
    six: true,
    four: true,
  })
  expect(many.map((address) => address.includes(':'))).toEqual([true, false, true, false, false])
})

it('leaves a family that this machine does not have for the end', () => {
  const [six, four] = [
    ['2001:db8::1', '2001:db8::2'],
    ['192.0.2.1', '192.0.2.2'],
  ]
  const onlyFour = inOrder(six, four, { six: false, four: true }).map((address) => address.includes(':'))
  expect(onlyFour).toEqual([false, false, true, true])
  const onlySix = inOrder(six, four, { six: true, four: false }).map((address) => address.includes(':'))
  expect(onlySix).toEqual([true, true, false, false])
})

it('shares the load between equals', () => {
  const firsts = new Set(Array.from({ length: 200 }, () => shuffled(['a', 'b', 'c'])[0]))
  expect([...firsts].sort()).toEqual(['a', 'b', 'c'])
})

it('addresses stay proved while nobody answers for the other family: else who suppresses that one would switch DANE off', async () => {
  const addresses: Resolver['addresses'] = async (name, family) => {
    if (family === 6) throw new Fault('dns-unavailable')
    return { records: ['192.0.2.1'], exists: true, secure: true, name }
  }
  const found = await addressesOf({ addresses } as Resolver, 'mx.a.example')
  expect(found).toEqual({ addresses: ['192.0.2.1'], secure: true, name: 'mx.a.example' })
})
