import type { KeyRecord, PersonRecord, TenantId } from '../../shared/domain/index.ts'
import { inPrecedence } from '../../shared/domain/index.ts'
import { lookupAddress } from '../../shared/words/address.ts'
import { pgpFingerprint, pgpKeyState, pgpPublicPart } from '../journey/transform/openpgp/index.ts'
import { createKeyring } from '../keys/keyring.ts'
import {
  keyRecordOfAnchor,
  keyRecordOfIdentity,
  keyRecordOfPeer,
  keyRecordOfPgpIdentity,
  keyRecordOfPgpPeer,
} from '../keys/records.ts'
import { crlOf, revocationLists } from '../keys/revocation.ts'
import { crlRecord } from '../keys/revocation-record.ts'
import type { Directory } from '../ports/directory.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import { type KeyInput, readFactsFile } from './facts-file.ts'

export interface FactsOptions {
  readonly tenant: TenantId
  readonly secrets: TenantSecrets
  /** Epoch ms. */
  readonly now: number
}

/** What a facts file knows, behind the same ports as the database of the gateway. */
export interface FactsHouse {
  readonly directory: Directory
  readonly keyring: Keyring
  readonly people: readonly PersonRecord[]
  readonly keys: readonly KeyRecord[]
}

/**
 * Opens a facts file for one tenant in memory, null for a house that knows nobody. Raises `config-missing` and
 * `config-invalid`, and `certificate-unusable`, `crl-unusable` or `key-unusable` for key material that is not what it says.
 */
export async function openFacts(file: string | null, options: FactsOptions): Promise<FactsHouse> {
  const facts = file === null ? { people: [], keys: [] } : readFactsFile(file)
  const { people } = facts
  const keys = await keyRecordsOf(facts.keys, options)
  const own = (tenant: TenantId) => tenant === options.tenant
  const crls = keys.filter(({ kind }) => kind === 'crl').map(({ publicText }) => crlOf(publicText))
  const lists = crls.length > 0 ? revocationLists(crls, false) : null
  const keyring = createKeyring(
    (tenant) => ({
      keys: async ({ kind, use, address }) =>
        keys.filter(
          (record) =>
            own(tenant) &&
            (kind ?? record.kind) === record.kind &&
            (use ?? record.use) === record.use &&
            (address ?? record.address) === record.address,
        ),
    }),
    options.secrets,
    { state: pgpKeyState },
    { lists: (tenant) => (own(tenant) ? lists : null) },
  )
  const directory: Directory = {
    person: async (tenant, address) =>
      people.find((person) => own(tenant) && person.address === lookupAddress(address)) ?? null,
    async holders(tenant, role) {
      const holders = people.filter((person) => own(tenant) && person.role === role)
      return inPrecedence(holders.toSorted((a, b) => (a.address < b.address ? -1 : 1)))
    },
  }
  return { directory, keyring, people, keys }
}

/** The rows to keep for the keys of a facts file, private parts sealed. Raises `certificate-unusable`, `key-unusable`. */
export function keyRecordsOf(inputs: readonly KeyInput[], options: FactsOptions): Promise<KeyRecord[]> {
  return Promise.all(inputs.map((input) => keyRecordOf(input, options)))
}

async function keyRecordOf(input: KeyInput, { tenant, secrets, now }: FactsOptions): Promise<KeyRecord> {
  if (input.kind === 'anchor') return keyRecordOfAnchor(input.certificate, now)
  if (input.kind === 'crl') return (await crlRecord(input.list, now)).record
  const { address } = input
  if (input.kind === 'smime') {
    if (input.use === 'peer') return keyRecordOfPeer(address, input.certificate, now, input.capabilities)
    return keyRecordOfIdentity(secrets, { tenant, address, use: input.use, now }, input)
  }
  if (input.use === 'peer') {
    return keyRecordOfPgpPeer(await pgpFingerprint(input.armored), address, input.armored, now)
  }
  const { armoredPublic, fingerprint } = await pgpPublicPart(input.armoredPrivate)
  const key = { id: fingerprint, armoredPublic, armoredPrivate: input.armoredPrivate }
  return keyRecordOfPgpIdentity(secrets, { tenant, address, use: input.use, now }, key)
}
