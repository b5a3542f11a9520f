import { type Diagnostic, Findings } from '../diagnostic.ts'
import type { DiagnosticCode } from '../diagnostic-texts.ts'
import { type PolicyFile, revisionBy } from '../load.ts'
import { loadingCanonical } from '../load-canonical.ts'
import type { Policy } from '../policy.ts'
import { completed, type Steps } from '../steps.ts'
import { digest, type Sha256 } from '../text/canonical.ts'
import { type Envelope, parsed, preAuthEncoding, type ReadPayload, readingEnvelope } from './dsse.ts'
import { type BundleManifest, ENGINE, FORMAT, PAYLOAD_TYPE, readPayload } from './manifest.ts'

/** Whose signatures count. */
export interface TrustRoots {
  /** The name of the holder of a key; null for a key id that is not known. */
  holder(keyid: string): string | null
  /** Whether `signature` (Ed25519) over `message` is by the key with this id. */
  verify(keyid: string, message: Uint8Array, signature: Uint8Array): boolean
}

export interface ReadOptions {
  /** Null: no trust root is set, and an unsigned bundle is as good as a signed one. */
  readonly trust: TrustRoots | null
  /** Serial of the bundle in force; 0 for none. */
  readonly currentSerial: number
  readonly sha256?: Sha256
  readonly readPayload?: ReadPayload
}

export interface OpenedBundle {
  readonly manifest: BundleManifest
  /** Holder of the key that signed it; null when nobody's signature was asked for. */
  readonly signer: string | null
  /** The canonical rule sets. */
  readonly files: readonly PolicyFile[]
}

export type Opened =
  | { readonly bundle: OpenedBundle; readonly diagnostics: readonly [] }
  | { readonly bundle: null; readonly diagnostics: readonly Diagnostic[] }

export interface ReadBundle {
  /** Null as soon as one finding is an error. */
  readonly policy: Policy | null
  readonly bundle: OpenedBundle | null
  readonly diagnostics: readonly Diagnostic[]
}

/** Bytes of an envelope; far above 10,000 rules. */
export const MAX_BUNDLE = 64 * 1_048_576
const START = { line: 1, column: 1 }

/**
 * Checks a bundle (DSSE envelope) from the outside in: signature, format, engine, serial, hash of every file. The first
 * thing that is wrong ends it; nothing unsigned is looked into. `name` stands in findings.
 */
export function openBundle(text: string, options: ReadOptions, name = 'bundle'): Opened {
  return completed(openingBundle(text, options, name))
}

function* openingBundle(text: string, options: ReadOptions, name: string): Steps<Opened> {
  const refuse = (code: DiagnosticCode, values?: Readonly<Record<string, string>>): Opened => ({
    bundle: null,
    diagnostics: finding(name, code, values),
  })
  if (text.length > MAX_BUNDLE) return refuse('bundle-damaged', { detail: 'larger than 64 MB' })
  const envelope = yield* readingEnvelope(text, options.readPayload)
  if (!envelope) return refuse('bundle-damaged', { detail: 'not a DSSE envelope' })
  const { payloadType, payload } = envelope
  if (payloadType !== PAYLOAD_TYPE) return refuse('bundle-format', { name: payloadType })
  yield
  const signed = options.trust ? checkSignatures(envelope, options.trust) : { signer: null }
  if ('code' in signed) return refuse(signed.code, { name: signed.name })

  yield
  const value = parsed(payload.text)
  yield
  const content = readPayload(value)
  const format = content?.format ?? formatOf(value)
  if (format !== null && format !== FORMAT) return refuse('bundle-format', { name: format })
  if (!content) return refuse('bundle-damaged', { detail: 'the payload is not a bundle' })
  const { manifest } = content
  if (manifest.minEngine > ENGINE)
    return refuse('bundle-engine', { name: String(manifest.minEngine), detail: String(ENGINE) })
  if (manifest.serial <= options.currentSerial)
    return refuse('bundle-serial', { name: String(manifest.serial), detail: String(options.currentSerial) })

  const sha256 = options.sha256 ?? digest
  const files: PolicyFile[] = []
  for (const [index, body] of content.files.entries()) {
    const { name: file, sha256: wanted } = manifest.files[index]!
    if (sha256(body) !== wanted) return refuse('bundle-hash', { name: file })
    files.push({ name: file, text: body })
    yield
  }
  // The canonical texts in their order are what the revision is taken over.
  if (revisionBy(sha256, content.files) !== manifest.revision) return refuse('bundle-revision')
  return { bundle: { manifest, signer: signed.signer, files }, diagnostics: [] }
}

/** Opens a bundle and compiles what it carries. */
export function readBundle(text: string, options: ReadOptions, name = 'bundle'): ReadBundle {
  return completed(readingBundle(text, options, name))
}

/** As `readBundle`, stopping now and then. */
export function* readingBundle(text: string, options: ReadOptions, name = 'bundle'): Steps<ReadBundle> {
  const { bundle, diagnostics } = yield* openingBundle(text, options, name)
  if (!bundle) return { policy: null, bundle: null, diagnostics }
  // The bundle's own revision was held against these texts.
  const revisionOf = (texts: readonly string[]) =>
    texts.every((one, i) => one === bundle.files[i]?.text)
      ? bundle.manifest.revision
      : revisionBy(options.sha256 ?? digest, texts)
  const loaded = yield* loadingCanonical(bundle.files, { ...options, revisionOf })
  if (loaded && !loaded.policy) return { policy: null, bundle, diagnostics: loaded.diagnostics }
  if (loaded?.policy?.revision === bundle.manifest.revision)
    return { policy: loaded.policy, bundle, diagnostics: loaded.diagnostics }
  // The texts were not the canonical ones: two revisions for one content would make the audit ambiguous.
  return { policy: null, bundle, diagnostics: finding(name, 'bundle-revision') }
}

function finding(
  name: string,
  code: DiagnosticCode,
  values: Readonly<Record<string, string>> = {},
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  new Findings(name, diagnostics).add(code, START, values)
  return diagnostics
}

type Signed = { readonly signer: string } | { readonly code: DiagnosticCode; readonly name: string }

/** One good signature by a known key is needed; a bad one by a known key spoils the bundle, whatever else is there. */
function checkSignatures({ payloadType, payload, signatures }: Envelope, trust: TrustRoots): Signed {
  if (signatures.length === 0) return { code: 'bundle-unsigned', name: '' }
  const message = preAuthEncoding(payloadType, payload.bytes)
  let signer: string | null = null
  for (const { keyid, sig } of signatures) {
    const holder = keyid === '' ? null : trust.holder(keyid)
    if (holder === null) continue
    if (!trust.verify(keyid, message, sig)) return { code: 'bundle-signature', name: holder }
    signer ??= holder
  }
  return signer === null ? { code: 'bundle-key', name: signatures[0]!.keyid || '-' } : { signer }
}

/** What a newer manifest calls its format, to say so; null where there is none. */
function formatOf(value: unknown): string | null {
  const format = (value as { readonly manifest?: { readonly format?: unknown } } | null | undefined)?.manifest?.format
  return typeof format === 'string' ? format : null
}
