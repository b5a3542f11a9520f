import type { OpenLink } from './links.ts'
import { portalWords } from './pages/words.ts'
import type { PortalServices } from './services.ts'

/** Tells the sender, once, that the recipient has it; only where the policy asked for a receipt. */
export async function receipt(services: PortalServices, { tenant, grant, message }: OpenLink): Promise<void> {
  const sender = message.envelope.mailFrom
  if (!grant.receipt || sender === '') return
  const person = await services.store.tenant(tenant).read.person(sender)
  const words = portalWords[person?.language ?? 'en']
  await services.sendMail(tenant, {
    to: sender,
    subject: words.receiptSubject(message.subject),
    text: words.receipt(grant.recipient, message.subject, words.date(services.clock.now())),
    key: `receipt.${grant.id}`,
  })
}
