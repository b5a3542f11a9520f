import type { SMTPServerOptions } from 'smtp-server'
import type { SmtpIngressOptions, SmtpLimits } from './smtp-options.ts'

/** What the library is told of the dialogue; its handlers are the ingress's own. */
export function dialogueOptions(options: SmtpIngressOptions, limits: SmtpLimits): SMTPServerOptions {
  return {
    name: options.name,
    banner: 'ready',
    size: limits.messageBytes,
    authOptional: true,
    authMethods: ['PLAIN', 'LOGIN'],
    allowInsecureAuth: options.clearTextAuthFromLoopback ?? false,
    heloResponse: '%s',
    disableReverseLookup: true,
    hideDSN: false,
    hideENHANCEDSTATUSCODES: false,
    hideREQUIRETLS: false,
    logger: false,
    // Of the socket, whatever else is wrong; deadlines of the dialogue come before it.
    socketTimeout: limits.idleMs + 60_000,
    closeTimeout: 1_000,
    maxCommandLength: 4_096,
    ...(options.tls
      ? {
          key: options.tls.key,
          cert: options.tls.cert,
          ...(options.tls.ca ? { ca: options.tls.ca } : {}),
          minVersion: 'TLSv1.2' as const,
          requestCert: options.tls.requestClientCertificate ?? false,
          rejectUnauthorized: false,
        }
      : {}),
  }
}
