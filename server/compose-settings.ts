/** What the parts are told of the configuration, each in its own words. */
import { join } from 'node:path'
import { tenantId } from '../shared/domain/index.ts'
import type { Config, TenantConfig } from './config.ts'
import type { EdgeSettings } from './edge/methods.ts'
import { createLog } from './platform/log.ts'
import { deriveKey } from './platform/secrets.ts'
import { httpSms } from './platform/sms-http.ts'
import { trustRoots } from './policies/bundle-sign.ts'
import type { RollOutTenant } from './policies/roll-out.ts'
import type { Log } from './ports/log.ts'
import type { SmsGateway } from './ports/outside.ts'

export function edgeSettings(config: Config, accept: EdgeSettings['accept']): EdgeSettings {
  const { smtp, tenants, blobs } = config
  return {
    smtp: {
      host: smtp.host,
      port: smtp.port,
      name: smtp.hostname,
      ...(smtp.tls
        ? {
            tls: {
              key: smtp.tls.key,
              cert: smtp.tls.cert,
              ...(smtp.tls.ca ? { ca: smtp.tls.ca, requestClientCertificate: true } : {}),
            },
          }
        : {}),
      requireTls: smtp.requireTls,
      clearTextAuthFromLoopback: smtp.allowPlainAuthFrom.length > 0,
      proxyFrom: smtp.proxyFrom,
      trusted: smtp.trusted,
      known: tenants.flatMap(({ relays }) => relays.flatMap(({ cidr }) => cidr)),
      limits: {
        messageBytes: smtp.maxSize,
        recipients: smtp.maxRecipients,
        connections: smtp.maxConnections,
        reserved: Math.floor(smtp.maxConnections / 10),
        connectionsPerPeer: smtp.perPeer.connections,
        messagesPerPeer: smtp.perPeer.messages,
        recipientsPerPeer: smtp.perPeer.recipients,
        failedSignInsPerPeer: smtp.perPeer.failedSignIns,
        refusedRecipientsPerPeer: smtp.perPeer.refusedRecipients,
      },
    },
    accept,
    tenants: tenants.map(({ id, domains, relays, clientCertificates }) => ({
      id,
      domains,
      relays,
      clientCertificates,
    })),
    blobs,
    transport: outboundOf(config),
    debug: config.logLevel === 'debug',
  }
}

function outboundOf({ smtp, delivery, dns, dataDir }: Config): EdgeSettings['transport'] {
  return {
    name: smtp.hostname,
    stateDir: join(dataDir, 'tls'),
    own: { names: delivery.ownNames, addresses: delivery.ownAddresses },
    ...(dns.servers.length > 0 ? { dns } : {}),
    ...(delivery.ca === undefined ? {} : { tlsOptions: { ca: delivery.ca } }),
  }
}

export function standardLog(config: Config): Log {
  return createLog({ level: config.logLevel, hashKey: deriveKey(config.secrets.master, 'log/addresses') })
}

export function smsGateway({
  url,
  method,
  headers,
  json,
  form,
  timeout,
}: NonNullable<TenantConfig['sms']>): SmsGateway {
  const body = json !== undefined ? { json } : form !== undefined ? { form } : undefined
  return httpSms({ url, method, headers, timeoutMs: timeout, ...(body ? { body } : {}) })
}

export const rollOutTenants = ({ tenants }: Config): RollOutTenant[] =>
  tenants.map(({ id, policyDir, policyTrust, policyTwoPersons }) => ({
    id: tenantId(id),
    policyDir,
    trust: trustRoots(policyTrust),
    twoPersons: policyTwoPersons,
  }))

/** Webhooks and APIs that may lie in a private network. */
export const internalUrls = ({ tenants }: Config): ReadonlySet<string> =>
  new Set(
    tenants
      .flatMap(({ webhooks, apis }) => [...Object.values(webhooks), ...Object.values(apis)])
      .flatMap(({ allowPrivate, url }) => (allowPrivate ? [url] : [])),
  )
