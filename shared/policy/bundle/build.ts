import type { Diagnostic } from '../diagnostic.ts'
import { loadPolicy, type PolicyFile } from '../load.ts'
import { canonicalJson, digest } from '../text/canonical.ts'
import { writeAscii } from './ascii.ts'
import { encodeBase64 } from './base64.ts'
import { preAuthEncoding } from './dsse.ts'
import { type BundleManifest, type BundlePayload, ENGINE, FORMAT, isSerial, PAYLOAD_TYPE } from './manifest.ts'

/** Signs the pre-authentication encoding (DSSE) with Ed25519; `keyid` names the key to whoever verifies. */
export interface BundleSigner {
  readonly keyid: string
  sign(message: Uint8Array): Uint8Array
}

export interface BundleOptions {
  /** Above that of the bundle in force; a positive integer. */
  readonly serial: number
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** Null leaves the bundle unsigned: whoever has a trust root refuses it. */
  readonly signer: BundleSigner | null
}

export interface BuiltBundle {
  /** One line of JSON; null as soon as one finding is an error. */
  readonly text: string | null
  readonly manifest: BundleManifest | null
  readonly diagnostics: readonly Diagnostic[]
}

/** Makes a bundle of rule sets. Equal content, serial and time give equal bytes. Throws a RangeError for a serial that is none. */
export function buildBundle(files: readonly PolicyFile[], options: BundleOptions): BuiltBundle {
  const { policy, diagnostics, canonical } = loadPolicy(files)
  if (!policy) return { text: null, manifest: null, diagnostics }
  return { ...packBundle(policy.revision, canonical, options), diagnostics }
}

/** Packs canonical rule sets as `loadPolicy` gives them, or as an older bundle carried them: a rollback is old content under a new serial. */
export function packBundle(
  revision: string,
  canonical: readonly PolicyFile[],
  { serial, createdAt, signer }: BundleOptions,
): { readonly text: string; readonly manifest: BundleManifest } {
  if (!isSerial(serial)) throw new RangeError(`not a serial: ${serial}`)
  const manifest: BundleManifest = {
    format: FORMAT,
    serial,
    createdAt,
    minEngine: ENGINE,
    revision,
    files: canonical.map(({ name, text }) => ({ name, sha256: digest(text) })),
  }
  const payload = writeAscii(
    canonicalJson({ manifest, files: canonical.map(({ text }) => text) } satisfies BundlePayload),
  )
  const signatures = signer
    ? [{ keyid: signer.keyid, sig: encodeBase64(signer.sign(preAuthEncoding(PAYLOAD_TYPE, payload))) }]
    : []
  return { text: canonicalJson({ payloadType: PAYLOAD_TYPE, payload: encodeBase64(payload), signatures }), manifest }
}
