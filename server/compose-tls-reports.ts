import { join } from 'node:path'
import { tenantId } from '../shared/domain/index.ts'
import type { Config } from './config.ts'
import type { SealedSending } from './journey/send-sealed.ts'
import { createResolver } from './platform/dns/resolver.ts'
import { createTlsReporter, type TlsReporter } from './platform/smtp/tls-reporter.ts'
import type { Log } from './ports/log.ts'

/** Each node reports what it saw itself; null where nobody is named to send it. The mails are the contact's tenant's. */
export function composeTlsReporter(
  config: Config,
  { sealed, log }: { readonly sealed: SealedSending; readonly log: Log },
): TlsReporter | null {
  const { tlsReports: contact } = config.delivery
  const sender = config.tenants.find(({ domains }) => domains.includes(contact?.split('@')[1]?.toLowerCase() ?? ''))
  if (contact === undefined || !sender) return null
  return createTlsReporter({
    reporter: { organisation: sender.name, contact, name: config.smtp.hostname },
    directory: join(config.dataDir, 'tls', 'tls-rpt'),
    resolver: createResolver(config.dns),
    async enqueue({ to, key, message }) {
      await sealed.mail(tenantId(sender.id), { to, key, message: message.toString('base64') })
    },
    log,
  })
}
