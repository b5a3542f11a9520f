import { hkdfSync } from 'node:crypto'
import type { TenantId } from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import { type BundleSigner, type PolicyFile, packBundle, rolledBackTo } from '../../shared/policy/index.ts'
import { ed25519FromSeed } from '../people/stamp.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { Store } from '../ports/store.ts'
import { bundleSigner, keyIdOf } from './bundle-sign.ts'
import { compileApart } from './compile-apart.ts'
import { readPolicyDirectory } from './directory.ts'
import { readPayload } from './native.ts'
import type { PolicyRegistry } from './registry.ts'

/** The policy in force, for clients that preview while they cannot ask. */
export interface OfflinePolicy {
  /** DSSE envelope, signed by the service: also what was never signed, or by keys that clients do not know. */
  readonly bundle: string
  /** What its signature verifies with: raw Ed25519 public keys, base64url (RFC 8037). */
  readonly keys: readonly { readonly keyid: string; readonly publicKey: string }[]
  readonly tenant: string
  /** Own domains, A-labels. */
  readonly domains: readonly string[]
  readonly revision: string
}

export interface OfflineTenant {
  readonly id: TenantId
  readonly policyDir: string
  readonly domains: readonly string[]
  /** Whether its users may have it. */
  readonly offered: boolean
}

/** Characters. Outlook on the web gives an add-in's database a few megabytes. */
const LONGEST = 4 * 1_048_576

/**
 * Makes it once for each revision. Raises `not-found` where the tenant gives it to nobody or it is too large for a browser to keep,
 * `policy-none` while there is none, or while the directory holds another than serves.
 */
export function offlinePolicies(
  { registry, store, secrets }: { registry: PolicyRegistry; store: Store; secrets: TenantSecrets },
  tenants: readonly OfflineTenant[],
): (tenant: TenantId) => Promise<OfflinePolicy> {
  const made = new Map<TenantId, Promise<OfflinePolicy>>()
  const madeOf = new Map<TenantId, string>()
  return (id) => {
    const tenant = tenants.find((one) => one.id === id)
    if (!tenant?.offered) throw new Fault('not-found', 'this policy is not kept by clients')
    const { revision } = registry.active(id)
    const known = made.get(id)
    if (known && madeOf.get(id) === revision) return known
    const making = make(tenant, revision)
    made.set(id, making)
    madeOf.set(id, revision)
    // Too large stays too large; it is not compiled for everybody who asks.
    making.catch((error: unknown) => toFault(error).code === 'not-found' || made.delete(id))
    return making
  }

  async function make({ id, policyDir, domains }: OfflineTenant, revision: string): Promise<OfflinePolicy> {
    const { serial } = registry.state(id)!
    const canonical = serial > 0 ? await ofBundle(store, id, serial) : await ofDirectory(policyDir, revision)
    const { signer, publicKey } = keyOf(secrets, id)
    const { text } = packBundle(revision, canonical, {
      serial: Math.max(1, serial),
      // Equal policies are equal bytes: on every node, after every start.
      createdAt: '1970-01-01T00:00:00.000Z',
      signer,
    })
    if (text.length > LONGEST) throw new Fault('not-found', 'the policy is too large to be kept by clients')
    return { bundle: text, keys: [{ keyid: signer.keyid, publicKey }], tenant: id, domains, revision }
  }
}

async function ofDirectory(directory: string, revision: string): Promise<readonly PolicyFile[]> {
  const { policy, canonical } = await compileApart(await readPolicyDirectory(directory))
  if (policy?.revision !== revision) throw new Fault('policy-none', 'the directory holds another policy than serves')
  return canonical
}

async function ofBundle(store: Store, id: TenantId, serial: number): Promise<readonly PolicyFile[]> {
  const { read } = store.tenant(id)
  const version = await read.policyVersion(serial)
  const older = version && rolledBackTo(version.bundle)
  const bundle = older == null ? version?.bundle : (await read.policyVersion(older))?.bundle
  if (bundle === undefined) throw new Fault('policy-none', `tenant ${id}`)
  // It was read and checked when it was put in force.
  const { payload } = JSON.parse(bundle) as { payload: string }
  const { manifest, files } = JSON.parse(readPayload(payload)!.text) as {
    manifest: { files: readonly { name: string }[] }
    files: readonly string[]
  }
  return files.map((text, at) => ({ name: manifest.files[at]!.name, text }))
}

/** A key of its own, derived (HKDF-SHA-256, RFC 5869): the same on every node. */
function keyOf(secrets: TenantSecrets, tenant: TenantId): { signer: BundleSigner; publicKey: string } {
  const seed = Buffer.from(hkdfSync('sha256', secrets.macKey(tenant), tenant, 'secflow offline policy v1', 32))
  const { privateKey, publicKey } = ed25519FromSeed(seed)
  const signer = bundleSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return { signer: { ...signer, keyid: keyIdOf(publicKey) }, publicKey: publicKey.export({ format: 'jwk' }).x! }
}
