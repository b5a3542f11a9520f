import type { TLSSocket } from 'node:tls'
import type { SMTPServerAddress, SMTPServerAuthentication, SMTPServerSession } from 'smtp-server'
import type { Origin, TenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { coversAddress, domainOf } from '../../../shared/words/address.ts'
import type { Acceptor } from './accept.ts'
import type { PeerStanding } from './peer-rules.ts'
import type { Offered } from './receive.ts'
import { asciiDomain } from './session-envelope.ts'
import { maySendAs, type SessionIdentity, type SessionPolicy } from './session-policy.ts'

/** What one connection has shown so far. */
export interface SessionState {
  /** Of the loopback interface, and not by way of a proxy: the same machine. */
  readonly local: boolean
  readonly standing: PeerStanding
  /** Refusals of this transaction that were written of. */
  readonly told: Set<string>
  /** Messages taken. */
  messages: number
  identity: SessionIdentity | null
  via: 'none' | 'auth' | 'client-certificate'
  /** TLS version, null in clear text. */
  tls: string | null
  /** The transaction since MAIL. */
  mail: { tenant: TenantId | null; authenticated: Origin['authenticated']; identity: string | null } | null
  authFailures: number
  /** Between 354 and the reply to the dot. */
  receiving: boolean
}

export interface TransactionDeps {
  readonly acceptor: Pick<Acceptor, 'admit'>
  readonly policy: SessionPolicy
  readonly limits: { readonly recipients: number }
  readonly requireTls: boolean
}

/** The rules of who may send what to whom; one method per SMTP command, each throws the fault that refuses it. */
export function createTransaction({ acceptor, policy, limits, requireTls }: TransactionDeps) {
  async function mustBeReady(tenant: TenantId): Promise<void> {
    if (!(await policy.policyReady(tenant))) throw new Fault('policy-none')
  }

  return {
    /** After the handshake. No certificate is fine; the session stays a stranger's. */
    async certificate(state: SessionState, socket: TLSSocket): Promise<void> {
      const certificate = socket.getPeerCertificate()
      // Node answers `{}` when the peer sent none.
      if (!certificate?.fingerprint256) return
      state.identity = await policy.clientCertificate({
        subject: Object.entries(certificate.subject)
          .map(([key, value]) => `${key}=${String(value)}`)
          .join(', '),
        fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
        verified: socket.authorized,
      })
      state.via = state.identity ? 'client-certificate' : 'none'
    },

    /** Raises `credentials-wrong`. Acting for another (an authzid of its own, RFC 4616) is not offered. */
    async authenticate(state: SessionState, auth: SMTPServerAuthentication): Promise<string> {
      const user = auth.authcid || auth.username || ''
      const foreign = auth.authcid && auth.authzid && auth.authzid !== auth.authcid
      const identity = foreign || !user ? null : await policy.authenticate(user, auth.password ?? '')
      if (!identity) {
        state.authFailures++
        throw new Fault('credentials-wrong')
      }
      state.identity = identity
      state.via = 'auth'
      return identity.identity
    },

    /** Raises `tls-first`, `address-invalid`, `parameter-unknown`, `sender-not-allowed`, `policy-none`, `disk-full`. */
    async mail(state: SessionState, sender: SMTPServerAddress, session: SMTPServerSession): Promise<void> {
      state.mail = null
      const peer = session.remoteAddress
      if (requireTls && !state.tls && !state.local) throw new Fault('tls-first')
      mustBeKnown(sender, OF_MAIL)
      const from = asciiDomain(sender.address)
      await acceptor.admit(Number(sender.args ? (sender.args.SIZE ?? 0) : 0) || 0)
      if (state.identity) {
        const { tenant, identity } = state.identity
        if (!maySendAs(state.identity, from)) throw new Fault('sender-not-allowed')
        await mustBeReady(tenant)
        state.mail = { tenant, authenticated: state.via, identity }
        return
      }
      const relay = await policy.relay(peer, domainOf(from))
      if (relay) await mustBeReady(relay.tenant)
      state.mail = relay
        ? { tenant: relay.tenant, authenticated: 'relay', identity: relay.name }
        : { tenant: null, authenticated: 'none', identity: null }
    },

    /** Raises `too-many-recipients`, `address-invalid`, `parameter-unknown`, `relay-denied`, `tenant-mixed`, `policy-none`. */
    async recipient(state: SessionState, recipient: SMTPServerAddress, session: SMTPServerSession): Promise<void> {
      const { mail } = state
      if (!mail) throw new Fault('internal', '', { cause: new Error('RCPT without MAIL') })
      if (session.envelope.rcptTo.length >= limits.recipients) throw new Fault('too-many-recipients')
      mustBeKnown(recipient, OF_RCPT)
      const address = asciiDomain(recipient.address)
      if (mail.authenticated !== 'none') return
      const tenant = await policy.inboundTenant(domainOf(address))
      if (!tenant) throw new Fault('relay-denied')
      if (mail.tenant && mail.tenant !== tenant) throw new Fault('tenant-mixed')
      await mustBeReady(tenant)
      mail.tenant = tenant
    },

    /**
     * At DATA: whose message this is, how it came and whom its From may name. A person writes as himself; of relays and
     * client certificates only the domains are known, their mail servers know who their users are.
     */
    ready(state: SessionState, session: SMTPServerSession): Pick<Offered, 'tenant' | 'origin' | 'mayWrite'> {
      if (!state.mail?.tenant) throw new Fault('internal', '', { cause: new Error('DATA without a tenant') })
      const { tenant, authenticated, identity } = state.mail
      const own = authenticated === 'auth' ? (state.identity?.addresses ?? []) : null
      return {
        tenant,
        ...(own ? { mayWrite: (address: string) => coversAddress(own, address) } : {}),
        origin: {
          channel: 'smtp',
          authenticated,
          ...(identity ? { identity } : {}),
          peer: session.remoteAddress,
          ...(session.hostNameAppearsAs ? { helo: session.hostNameAppearsAs } : {}),
          tls: state.tls,
        },
      }
    },
  }
}

/** RFC 1870, 6152, 6531, 8689, 3461, 4954. */
const OF_MAIL = new Set(['SIZE', 'BODY', 'SMTPUTF8', 'REQUIRETLS', 'RET', 'ENVID', 'AUTH'])
/** RFC 3461. */
const OF_RCPT = new Set(['NOTIFY', 'ORCPT'])

/** Whoever asks for something we do not know is told so, instead of believing that he has it (RFC 5321 4.1.1.11). */
function mustBeKnown({ args }: SMTPServerAddress, known: ReadonlySet<string>): void {
  const unknown = Object.keys(args || {}).find((name) => !known.has(name))
  if (unknown !== undefined) throw new Fault('parameter-unknown')
}
