/** S/MIME (RFC 8551) over our own thin CMS: decision 1. `openssl cms` is the oracle, test/interop/smime.test.ts. */
export { collect, decodeBase64 } from './base64.ts'
export { needs7bit } from './content-header.ts'
export { decryptEnveloped, LARGEST_CONTAINER } from './decrypt.ts'
export { describeEncryption, type EncryptOptions, encryptEntity } from './encrypt.ts'
export type { DecryptedContent, VerifiedContent, VerifiedSigner } from './result.ts'
export { describeSignature, type SignOptions, signEntity } from './sign.ts'
export { type Range, splitSigned } from './split-signed.ts'
export { type VerifyOptions, verifySigned } from './verify.ts'
