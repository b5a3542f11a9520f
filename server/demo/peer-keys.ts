/** Keys of the demo's correspondents, for opening what they got: the demo plays both sides. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { tenantId } from '../../shared/domain/index.ts'
import type { OpenKeys } from '../journey/transform/open/index.ts'
import { openFacts } from '../people/facts-house.ts'
import { tenantSecrets } from '../platform/secrets.ts'
import { type DemoFiles, PEERS, USERS } from './tenant.ts'

/** Gives the keys with which one correspondent opens his mail; the file they come from is made on the first call. */
export async function peerKeys(files: DemoFiles): Promise<(address: string) => Promise<OpenKeys>> {
  const file = join(files.directory, 'peers.yaml')
  if (!existsSync(file)) await writeFile(file, await factsOfPeers(files), { mode: 0o600 })
  const tenant = tenantId('peers')
  const house = await openFacts(file, { tenant, secrets: tenantSecrets(randomBytes(32)), now: Date.now() })
  const anchors = await house.keyring.anchors(tenant)
  return async (address) => ({
    ...(await house.keyring.decryptionKeys(tenant, [address])),
    anchors,
    verification: (sender) => house.keyring.verificationKeys(tenant, sender),
  })
}

/** A facts file from the correspondents' side: their private keys are own ones, those of the demo's users are others'. */
async function factsOfPeers(files: DemoFiles): Promise<string> {
  const { anchors } = parse(await readFile(files.people, 'utf8')) as { readonly anchors: readonly string[] }
  const gateway = await readFile(join(files.directory, 'gateway.asc'), 'utf8')
  const identities = PEERS.flatMap(({ address }) => {
    const { certificate, key, pgp } = files.peer(address)
    return [
      ...(existsSync(key) ? [{ address, certificate, key }] : []),
      ...(existsSync(pgp) ? [{ address, pgpPrivate: pgp }] : []),
    ]
  })
  const people = USERS.map(({ address, name }) => ({ address, name, pgp: gateway }))
  return stringify({ people, anchors, identities })
}
