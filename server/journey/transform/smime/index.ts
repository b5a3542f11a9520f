/** S/MIME (RFC 8551) over our own thin CMS: decisions 2 and 36. `openssl cms` is the oracle, test/interop/smime*.test.ts. */
export { collect, decodeBase64 } from './base64.ts'
export { needs7bit } from './content-header.ts'
export { type DecryptOptions, decryptEnveloped, LARGEST_CONTAINER, openEnveloped } from './decrypt.ts'
export { describeEncryption, type EncryptOptions, encryptEntity, envelopeTo } from './encrypt.ts'
export { type ProtectedHeader, protectHeader } from './header-protection.ts'
export { DEFAULT_SMIME, type SmimeProfile } from './profile.ts'
export type {
  DecryptedContent,
  OpenedContent,
  VerifiedContent,
  VerifiedOpaque,
  VerifiedSigner,
} from './result.ts'
export { describeSignature, type SignOptions, signEntity } from './sign.ts'
export { type Range, splitSigned } from './split-signed.ts'
export { openSigned, type VerifyOptions, verifySigned } from './verify.ts'
