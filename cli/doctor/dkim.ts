import { createPublicKey } from 'node:crypto'
import type { Config } from '../../server/config.ts'
import { dkimRecord, zoneLine } from '../../server/journey/seal/dkim-record.ts'
import type { SigningKey } from '../../server/journey/seal/signing-key.ts'
import { createResolver } from '../../server/platform/dns/resolver.ts'
import type { Resolver } from '../../server/ports/dns.ts'
import { error, type Finding, ok, reason, warning } from './finding.ts'

/** Every key that signs or seals has its public half in the DNS: else each signature of it is worth nothing, or less. */
export async function checkDkim(config: Config): Promise<Finding[]> {
  const resolver = createResolver({ ...config.dns, tryMs: 1_500, deadlineMs: 5_000 })
  const keys = config.tenants.flatMap(({ dkim, arc }): SigningKey[] => [...dkim, ...(arc ? [arc] : [])])
  const once = new Map(keys.map((key) => [`${dkimRecord(key).name} ${key.key}`, key]))
  return Promise.all([...once.values()].map((key) => checkKey(resolver, key)))
}

async function checkKey(resolver: Resolver, key: SigningKey): Promise<Finding> {
  const wanted = dkimRecord(key)
  const check = `dkim ${wanted.name}`
  const publish = `publish: ${zoneLine(wanted)}`
  try {
    const { records } = await resolver.txt(wanted.name)
    const [published, ...more] = records.filter((text) => /(^|;)\s*p\s*=/.test(text))
    if (published === undefined) return error(check, 'no public key is published', publish)
    if (more.length > 0) return error(check, 'several keys are published: verifiers take any of them', publish)
    if (tag(published, 'p') === '') return error(check, 'the published key is revoked', publish)
    if (!sameKey(tag(published, 'p'), key))
      return error(check, 'another key is published than the one that signs', publish)
    if (tag(published, 't').split(':').includes('y'))
      return warning(check, 'the record says that the domain only tries DKIM (t=y)', publish)
    return ok(check, 'the published key is the one that signs')
  } catch (thrown) {
    return warning(check, `cannot be checked (${reason(thrown)})`, 'the name service; then secflow doctor again')
  }
}

function tag(record: string, name: string): string {
  return new RegExp(`(?:^|;)\\s*${name}\\s*=([^;]*)`).exec(record)?.[1]?.replace(/\s/g, '') ?? ''
}

/** RSA keys are published as SubjectPublicKeyInfo, by some as the bare RSAPublicKey inside of it (RFC 6376 3.6.1). */
function sameKey(published: string, { key }: SigningKey): boolean {
  const own = createPublicKey(key)
  const forms = [dkimRecord({ domain: '', selector: '', key }).text.split('p=').slice(1).join('p=')]
  if (own.asymmetricKeyType === 'rsa') forms.push(own.export({ format: 'der', type: 'pkcs1' }).toString('base64'))
  return forms.some((form) => form.replace(/=+$/, '') === published.replace(/=+$/, ''))
}
