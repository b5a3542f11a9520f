import { describe } from 'vitest'
import { CLIENTS, fakeMailbox } from '../support/fake-mailbox.ts'
import { virtualClock } from '../support/virtual-clock.ts'
import { mailboxContract } from './mailbox.ts'

describe.each(CLIENTS.filter(({ mailbox }) => mailbox >= 11))('fake of $name', (profile) => {
  mailboxContract({
    async open(context = '') {
      const clock = virtualClock()
      const { office } = fakeMailbox(clock, profile, { context })
      return { item: office.context!.mailbox!.item!, pass: () => clock.run(), settle: () => clock.run() }
    },
  })
})
