/** OpenPGP (RFC 9580, RFC 3156): what other rooms call. */
export { describePgpEncryption, describePgpSignature } from './describe.ts'
export { pgpEncryptEntity } from './encrypt.ts'
export { generatePgpKey, keyRecordOfPgp, type PgpKeyKind, pgpFingerprint, pgpKeyState } from './keys.ts'
export { pgpPublicPart } from './public-part.ts'
export { type PgpOpened, type PgpSignatureCheck, pgpCheckSignature, pgpDecrypt, pgpVerify } from './read.ts'
export { pgpSignEntity } from './sign.ts'
