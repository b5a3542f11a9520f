/** Revocation lists of each tenant, from its facts file and from the store: how old they are, and whose are missing. */
import type { X509Certificate } from 'node:crypto'
import type { Config, TenantConfig } from '../../server/config.ts'
import { type CrlFields, issuerName } from '../../server/keys/asn1/crl-read.ts'
import { fieldsOf, fingerprint, readCertificates } from '../../server/keys/certificate.ts'
import { keyRecordOfAnchor, keyRecordOfPeer } from '../../server/keys/records.ts'
import { crlInTurns, crlName } from '../../server/keys/revocation.ts'
import { authorityOf, listSourcesOf } from '../../server/keys/revocation-record.ts'
import { readFactsFile } from '../../server/people/facts-file.ts'
import { isCurrent } from '../../server/platform/current.ts'
import { openStore } from '../../server/platform/database/open.ts'
import type { Store } from '../../server/ports/store.ts'
import { type KeyRecord, tenantId } from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import { error, type Finding, ok, warning } from './finding.ts'

const DAY_MS = 86_400_000
/** Authorities without a list that are named one by one. */
const MOST_NAMED = 20

type Tenant = Pick<TenantConfig, 'id' | 'people' | 'revocation'>

/** Opens the store only where that changes nothing; else what the facts files say has to do. Changes nothing. */
export async function checkRevocation(
  { database, tenants }: Pick<Config, 'database'> & { readonly tenants: readonly Tenant[] },
  now: number,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const store = (await isCurrent(database)) ? await openStore(database, { clock: { now: () => now } }) : null
  try {
    for (const tenant of tenants) findings.push(...(await checkTenant(tenant, store, now)))
  } catch (thrown) {
    const { code, detail } = toFault(thrown)
    findings.push(
      warning(
        'revocation',
        { en: `cannot be checked: ${detail || code}`, de: `nicht zu prüfen: ${detail || code}` },
        { en: 'the database, then secflow doctor again', de: 'die Datenbank, dann noch einmal secflow doctor' },
      ),
    )
  } finally {
    await store?.close()
  }
  return findings
}

async function checkTenant(tenant: Tenant, store: Store | null, now: number): Promise<Finding[]> {
  const check = `revocation ${tenant.id}`
  const read = store?.tenant(tenantId(tenant.id)).read
  const facts = factsOf(tenant)
  const stored = async (kind: KeyRecord['kind']) => (await read?.keys({ kind })) ?? []
  const records = [...facts.records, ...(await stored('anchor')), ...(await stored('smime'))]
  const { authorities } = await listSourcesOf(
    { keys: async (query) => records.filter((record) => record.kind === query.kind) },
    now,
  )
  const findings: Finding[] = []
  const lists = new Map<string, CrlFields>()
  for (const text of [...facts.lists, ...(await stored('crl')).map(({ publicText }) => publicText)]) {
    try {
      const list = await crlInTurns(text)
      // The store has what the facts file had at the last start; the newer one of the same authority and scope counts.
      const known = lists.get(crlName(list))
      if (!known || known.thisUpdate < list.thisUpdate) lists.set(crlName(list), list)
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      findings.push(unusable(check, thrown.detail))
    }
  }
  for (const list of lists.values()) findings.push(checkList(check, list, authorities, now))
  return [...findings, ...withoutList(check, tenant, records, authorities, [...lists.values()], now)]
}

/** Certificates and lists of the facts file; what is wrong with it is said elsewhere. */
function factsOf({ people }: Tenant): { readonly records: readonly KeyRecord[]; readonly lists: readonly string[] } {
  const records: KeyRecord[] = []
  const lists: string[] = []
  try {
    for (const key of people === null ? [] : readFactsFile(people).keys) {
      if (key.kind === 'crl') lists.push(key.list)
      else if (key.kind !== 'pgp') records.push(...recordOf(key))
    }
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown
  }
  return { records, lists }
}

type KeyInput = ReturnType<typeof readFactsFile>['keys'][number]

function recordOf(key: Extract<KeyInput, { kind: 'anchor' | 'smime' }>): readonly KeyRecord[] {
  try {
    if (key.kind === 'anchor') return [keyRecordOfAnchor(key.certificate, 0)]
    return [keyRecordOfPeer(key.address, key.certificate, 0)]
  } catch {
    return []
  }
}

const unusable = (check: string, detail: string) =>
  error(
    check,
    {
      en: `a revocation list cannot be used: ${detail}`,
      de: `eine Sperrliste ist nicht zu verwenden: ${detail}`,
    },
    { en: 'a complete list of one authority in PEM', de: 'eine vollständige Liste einer Zertifizierungsstelle in PEM' },
  )

/** A stale list still says who was revoked; who was not is then unknown. */
function checkList(check: string, list: CrlFields, authorities: readonly X509Certificate[], now: number): Finding {
  const { issuer, thisUpdate, nextUpdate, revoked } = list
  const whose = issuerName(issuer)
  const until = day(nextUpdate)
  const old = Math.max(0, Math.floor((now - thisUpdate) / DAY_MS))
  const age = { en: `${old} ${old === 1 ? 'day' : 'days'} old`, de: `${old} ${old === 1 ? 'Tag' : 'Tage'} alt` }
  if (now > nextUpdate)
    return warning(
      check,
      {
        en: `the list of ${whose} ran out on ${until}, it is ${age.en}`,
        de: `die Sperrliste von ${whose} lief am ${until} ab, sie ist ${age.de}`,
      },
      {
        en: 'the authority’s current list: secflow keys import-crl FILE, or crls in the facts file',
        de: 'die jetzige Liste der Zertifizierungsstelle: secflow keys import-crl DATEI, oder crls in der Facts-Datei',
      },
    )
  if (authorityOf(list, authorities) === null)
    return warning(
      check,
      {
        en: `no authority that you trust signed the list of ${whose}: it counts for nothing`,
        de: `keine Zertifizierungsstelle, der Sie vertrauen, hat die Sperrliste von ${whose} signiert: sie zählt nicht`,
      },
      { en: 'the authority’s certificate as an anchor', de: 'das Zertifikat dieser Stelle als Anker' },
    )
  return ok(check, {
    en: `list of ${whose}, ${revoked.size} revoked, ${age.en}, until ${until}`,
    de: `Sperrliste von ${whose}, ${revoked.size} gesperrt, ${age.de}, bis ${until}`,
  })
}

/** Authorities whose certificates are in use, and of which nobody can say whom they revoked. */
function withoutList(
  check: string,
  { revocation: { required, fetch } }: Tenant,
  records: readonly KeyRecord[],
  authorities: readonly X509Certificate[],
  lists: readonly CrlFields[],
  now: number,
): Finding[] {
  const anchors = new Set(
    records
      .filter(({ kind }) => kind === 'anchor')
      .flatMap(leafOf)
      .map(fingerprint),
  )
  const leaves = records.filter(({ kind, revokedAt }) => kind === 'smime' && revokedAt === null).flatMap(leafOf)
  const used = new Map([...leaves, ...authorities].map((one) => [fingerprint(one), one]))
  const known = new Set(lists.map(({ issuer }) => issuer.toString('latin1')))
  const missing = new Map<string, { readonly name: string; count: number }>()
  for (const [id, certificate] of used) {
    const { issuer, notAfter } = fieldsOf(certificate)
    // An anchor is trusted as it is; what has expired is not used any more.
    if (anchors.has(id) || notAfter < now || known.has(issuer.toString('latin1'))) continue
    const key = issuer.toString('latin1')
    const one = missing.get(key) ?? { name: issuerName(issuer), count: 0 }
    one.count++
    missing.set(key, one)
  }
  const found = [...missing.values()].sort((a, b) => b.count - a.count)
  const say = required ? error : warning
  const so = required
    ? { en: ', so they are not trusted', de: ', darum gilt keinem davon Vertrauen' }
    : { en: '', de: '' }
  const mend = fetch
    ? {
        en: 'why it could not be fetched stands in the log (revocation.unreachable, revocation.refused); else secflow keys import-crl FILE',
        de: 'warum sie nicht zu holen war, steht im Log (revocation.unreachable, revocation.refused); sonst secflow keys import-crl DATEI',
      }
    : {
        en: 'secflow keys import-crl FILE, crls in the facts file, or revocation.fetch: true',
        de: 'secflow keys import-crl DATEI, crls in der Facts-Datei, oder revocation.fetch: true',
      }
  const named = found.slice(0, MOST_NAMED).map(({ name, count }) =>
    say(
      check,
      {
        en: `no list of ${name}, which issued ${count} of the certificates in use${so.en}`,
        de: `keine Sperrliste von ${name}, von wo ${count} der benutzten Zertifikate stammen${so.de}`,
      },
      mend,
    ),
  )
  const more = found.length - named.length
  if (more > 0)
    named.push(
      say(
        check,
        { en: `no list of ${more} more authorities`, de: `keine Sperrliste von ${more} weiteren Stellen` },
        mend,
      ),
    )
  return named
}

function leafOf({ publicText }: KeyRecord): readonly X509Certificate[] {
  try {
    return readCertificates(publicText).slice(0, 1)
  } catch {
    return []
  }
}

const day = (time: number): string => new Date(time).toISOString().slice(0, 10)
