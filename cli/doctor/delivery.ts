import { request } from 'node:https'
import type { Config } from '../../server/config.ts'
import { createResolver } from '../../server/platform/dns/resolver.ts'
import { parseStsPolicy, stsAllows, stsId } from '../../server/platform/smtp/mta-sts.ts'
import type { Resolver } from '../../server/ports/dns.ts'
import { error, type Finding, ok, reason, warning } from './finding.ts'

/** The root is signed, and so is its own name server record: a resolver that validates says so. */
const SIGNED = '.'
const PATIENCE_MS = 5_000

/** The resolver answers, and DANE is on or off for a reason that the operator can see; MTA-STS of the own domains. */
export async function checkDelivery(config: Config, probe: string = SIGNED): Promise<Finding[]> {
  const resolver = createResolver({ ...config.dns, tryMs: 1_500, deadlineMs: PATIENCE_MS })
  const usesMx =
    config.relay.mx === true || config.tenants.some(({ routes }) => Object.values(routes).some(({ mx }) => mx))
  const findings = [await checkDane(config, resolver, probe, usesMx)]
  if (!usesMx) return findings
  const domains = [...new Set(config.tenants.flatMap(({ domains: own }) => own))].slice(0, 50)
  return [...findings, ...(await Promise.all(domains.map((domain) => checkSts(resolver, domain))))]
}

async function checkDane({ dns }: Config, resolver: Resolver, probe: string, usesMx: boolean): Promise<Finding> {
  const where = dns.servers.join(', ')
  if (!resolver.validating) {
    const why = where === '' ? 'no name server is configured' : `nothing says that ${where} validates`
    const text = `DANE is off: ${why}`
    if (!usesMx) return ok('dane', `${text}; no route needs it`)
    return warning(
      'dane',
      text,
      'a validating resolver on this machine (unbound) in dns.servers, and dns.validating: true',
    )
  }
  try {
    const { secure } = await resolver.txt(probe)
    if (secure) return ok('dane', `DANE is on: ${where} validates`)
    return error(
      'dane',
      `DANE is off: ${where} does not validate`,
      'a resolver that validates, or dns.validating: false',
    )
  } catch (thrown) {
    return error(
      'dane',
      `${where} gives no answer (${reason(thrown)})`,
      'start the resolver, or correct dns.servers; mail by MX waits until then',
    )
  }
}

/** What others read about us: the record, the policy, and that its servers are those of our MX. */
async function checkSts(resolver: Resolver, domain: string): Promise<Finding> {
  const check = `mta-sts ${domain}`
  try {
    const id = stsId((await resolver.txt(`_mta-sts.${domain}`)).records)
    if (id === null) return ok(check, 'no MTA-STS policy is published')
    const text = await fetchPolicy(domain)
    const policy = parseStsPolicy(text)
    if (!policy) return error(check, 'the published policy cannot be read', 'RFC 8461 3.2 has its form')
    const mx = (await resolver.mx(domain)).records.map(({ exchange }) => exchange)
    const missing = policy.mode === 'none' ? [] : mx.filter((host) => !stsAllows(policy, host))
    if (missing.length > 0)
      return error(
        check,
        `the policy does not name ${missing.join(', ')}`,
        'add every MX to the policy, then change the id in the record',
      )
    return ok(check, `the policy (${policy.mode}) names every MX`)
  } catch (thrown) {
    return warning(
      check,
      `cannot be checked (${reason(thrown)})`,
      `https://mta-sts.${domain}/.well-known/mta-sts.txt and the name service`,
    )
  }
}

function fetchPolicy(domain: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      `https://mta-sts.${domain}/.well-known/mta-sts.txt`,
      { agent: false, signal: AbortSignal.timeout(PATIENCE_MS) },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => {
          text += part
          if (text.length > 65_536) call.destroy(new Error('too long'))
        })
        response.on('end', () =>
          response.statusCode === 200 ? resolve(text) : reject(new Error(`status ${response.statusCode}`)),
        )
      },
    )
    call.on('error', reject)
    call.end()
  })
}
