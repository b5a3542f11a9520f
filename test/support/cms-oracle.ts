import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** CMS of OpenSSL 3.5. Certificates and keys are PEM; each throws with OpenSSL's own words. */
export interface CmsOracle {
  /** Opaque signed-data with SHA-512. */
  sign(certificate: Buffer, key: Buffer, content: Buffer): Buffer
  /** Verifies signature and path to the anchor and answers the content. */
  verify(signed: Buffer, anchor: Buffer): Buffer
  encrypt(certificate: Buffer, content: Buffer, cipher: Buffer): Buffer
  decrypt(enveloped: Buffer, certificate: Buffer, key: Buffer): Buffer
}

/** Compiles the module (0.1 s, gcc) into `folder` and loads it. */
export function cmsOracle(folder: string): CmsOracle {
  const file = join(folder, 'cms-oracle.node')
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', file, join(import.meta.dirname, 'cms-oracle.c')])
  return createRequire(import.meta.url)(file) as CmsOracle
}
