/** What stands in the payload of a bundle. */
import { record } from './dsse.ts'

export const PAYLOAD_TYPE = 'application/vnd.secflow.policy-bundle+json'
export const FORMAT = 'secflow-policy-bundle/v1'

/**
 * Generation of the policy language that this engine speaks. It rises when a rule set of the same text could mean
 * something else to an older engine.
 */
export const ENGINE = 1

export interface BundleManifest {
  readonly format: typeof FORMAT
  /** Rises with every bundle of a tenant: who replays an old one is refused. */
  readonly serial: number
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** Oldest generation of the engine that understands the rules. */
  readonly minEngine: number
  readonly revision: string
  /** In the order of `BundlePayload.files`. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[]
}

export interface BundlePayload {
  readonly manifest: BundleManifest
  /** The canonical text of each rule set. */
  readonly files: readonly string[]
}

export const isSerial = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0

const HEX = /^[0-9a-f]{64}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/

/** Null for anything but exactly this shape; `format` is any text, so that a newer one can be named. */
export function readPayload(value: unknown): (BundlePayload & { readonly format: string }) | null {
  const payload = record(value, ['files', 'manifest'])
  const manifest = record(payload?.manifest, ['createdAt', 'files', 'format', 'minEngine', 'revision', 'serial'])
  const files = payload?.files
  if (!manifest || !Array.isArray(files) || !files.every((file) => typeof file === 'string')) return null
  const { createdAt, format, minEngine, revision, serial } = manifest
  const named = Array.isArray(manifest.files) ? manifest.files.map((file) => record(file, ['name', 'sha256'])) : []
  const sound =
    typeof format === 'string' &&
    isSerial(serial) &&
    isSerial(minEngine) &&
    typeof createdAt === 'string' &&
    TIME.test(createdAt) &&
    typeof revision === 'string' &&
    HEX.test(revision) &&
    named.length === files.length &&
    named.every((file) => typeof file?.name === 'string' && typeof file.sha256 === 'string' && HEX.test(file.sha256))
  return sound ? ({ ...(value as BundlePayload), format } as BundlePayload & { format: string }) : null
}
