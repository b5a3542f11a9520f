import { expect, it } from 'vitest'
import { Fault, smtpReply } from '../../../shared/fault/index.ts'
import { ownWords } from './own-words.ts'

it('a fault of ours is told in German with its codes and its detail; what others say is left alone', () => {
  const { code, text } = smtpReply(new Fault('next-hop-unreachable', 'mx1.partner.example'))
  expect(ownWords(`${code} ${text}`)).toEqual({
    en: '451 4.4.1 The next mail server cannot be reached: mx1.partner.example',
    de: '451 4.4.1 Der nächste Mailserver ist nicht erreichbar: mx1.partner.example',
  })
  expect(ownWords('550 5.1.1 <b@partner.example>: Recipient address rejected')).toBeNull()
  expect(ownWords('lease ran out')).toBeNull()
})
