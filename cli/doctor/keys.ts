import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Config } from '../../server/config.ts'
import { readFactsFile } from '../../server/people/facts-file.ts'
import { Fault } from '../../shared/fault/index.ts'
import { error, type Finding, ok, warning } from './finding.ts'

const SOON_MS = 30 * 86_400_000
const LEAST_RSA_BITS = 2048

/** The certificate of SMTP, and the keys of each tenant's facts file. */
export function checkKeys(config: Config, now: number): Finding[] {
  const findings: Finding[] = []
  const { tls, hostname } = config.smtp
  if (tls) {
    const found = checkIdentity('tls', tls.cert, tls.key, now)
    const name = certificateOf(tls.cert)?.checkHost(hostname)
    if (!name && found.every(({ status }) => status !== 'error')) {
      found.push(warning('tls', `the certificate is not for ${hostname}`, 'a certificate for smtp.hostname'))
    }
    findings.push(...(found.length > 0 ? found : [ok('tls', `certificate for ${hostname}`)]))
  } else if (config.smtp.host !== '127.0.0.1' && config.smtp.host !== '::1') {
    findings.push(warning('tls', 'SMTP listens beyond this machine without STARTTLS', 'smtp.tls.cert and smtp.tls.key'))
  }
  for (const tenant of config.tenants)
    if (tenant.people !== null) findings.push(...checkPeople(tenant.id, tenant.people, now))
  return findings
}

function checkPeople(tenant: string, file: string, now: number): Finding[] {
  const check = `people ${tenant}`
  try {
    const { people, keys } = readFactsFile(file)
    const findings: Finding[] = []
    for (const key of keys) {
      if (key.kind === 'pgp' || key.kind === 'crl') continue
      const whose = key.kind === 'anchor' ? 'anchor' : key.address || 'gateway'
      const privateKey = key.kind === 'smime' && key.use !== 'peer' ? key.privateKey : null
      findings.push(
        ...checkIdentity(
          `keys ${tenant} ${whose}`,
          key.kind === 'smime' || key.kind === 'anchor' ? key.certificate : '',
          privateKey,
          now,
        ),
      )
    }
    return [ok(check, `${people.length} people, ${keys.length} keys`), ...findings]
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown
    return thrown.detail.split('\n').map((line) => error(check, line, 'correct the facts file'))
  }
}

/** A certificate, and the private key that belongs to it where we hold one. */
function checkIdentity(check: string, pem: string, privateKey: string | null, now: number): Finding[] {
  const certificate = certificateOf(pem)
  if (!certificate) return [error(check, 'the certificate cannot be read', 'a certificate in PEM')]
  const findings: Finding[] = []
  const until = certificate.validToDate
  if (now > until.getTime()) findings.push(error(check, `expired on ${day(until)}`, 'a new certificate'))
  else if (now < certificate.validFromDate.getTime()) {
    findings.push(
      error(
        check,
        `valid only from ${day(certificate.validFromDate)}`,
        'the clock of this machine, or the certificate',
      ),
    )
  } else if (until.getTime() - now < SOON_MS) {
    findings.push(warning(check, `expires on ${day(until)}`, 'a new certificate in time'))
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey
  if (type === 'rsa' && (details?.modulusLength ?? 0) < LEAST_RSA_BITS) {
    findings.push(error(check, `RSA key of ${details?.modulusLength} bits`, `at least ${LEAST_RSA_BITS}, better 3072`))
  }
  if (privateKey !== null) {
    try {
      if (!certificate.checkPrivateKey(createPrivateKey(privateKey))) {
        findings.push(
          error(check, 'the private key does not belong to the certificate', 'the pair that belongs together'),
        )
      }
    } catch {
      findings.push(error(check, 'the private key cannot be read', 'PKCS#8 in PEM, without a passphrase'))
    }
  }
  return findings
}

function certificateOf(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem)
  } catch {
    return null
  }
}

const day = (date: Date): string => date.toISOString().slice(0, 10)
