import { contentEntity, outerFields } from '../../mime/content-of.ts'
import type { Entity } from '../../mime/entity.ts'
import { messageOf } from '../../mime/write.ts'
import type { MailInHand } from './mail.ts'
import { rewriteHeader } from './rewrite.ts'
import type { RoleHolders } from './role-holders.ts'

/** A mail as its sender composed it, only without what steers the gateway: for blind copies and the journal mailbox. */
interface PlainCopy {
  readonly why: 'bcc' | 'role' | 'archive'
  readonly mailFrom: string
  readonly to: readonly string[]
  readonly route: string
  readonly message: Entity
}

/** Copies for the `bcc` steps of form `plain`, for holders of roles and for archive stores that are mailboxes. */
export function plainCopies(mail: MailInHand, roles: RoleHolders): PlainCopy[] {
  const message = (): Entity =>
    messageOf(rewriteHeader(outerFields(mail.parsed.index), mail, []), contentEntity(mail.source, mail.parsed.index))
  return mail.decision.once.flatMap((step): PlainCopy[] => {
    if (step.do === 'bcc' && step.form === 'plain')
      return [{ why: 'bcc', mailFrom: mail.mailFrom, to: step.to, route: '', message: message() }]
    if (step.do === 'deliverTo')
      return [{ why: 'role', mailFrom: mail.mailFrom, to: roles.get(step.role) ?? [], route: '', message: message() }]
    const target = step.do === 'archive' ? mail.tenant.archives[step.store] : undefined
    // The null sender: a full journal must not bounce at the author.
    if (target?.kind === 'smtp')
      return [{ why: 'archive', mailFrom: '', to: [target.to], route: target.route, message: message() }]
    return []
  })
}
