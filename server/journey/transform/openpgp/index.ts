/**
 * OpenPGP (RFC 9580, RFC 3156): what other rooms call. The library behind it (1.2 MB of code, some 20 MB once it runs) is
 * loaded with the first call: a house that speaks S/MIME only never pays for it.
 */
import type * as describe from './describe.ts'
import type * as encrypt from './encrypt.ts'
import type * as inline from './inline.ts'
import type * as keys from './keys.ts'
import type * as open from './open.ts'
import type * as publicPart from './public-part.ts'
import type * as read from './read.ts'
import type * as sign from './sign.ts'

export type { PgpSignatureCheck } from './check.ts'
export type { Unpacking } from './decompress.ts'
export type { PgpBlock, PgpSignedText } from './inline.ts'
export type { PgpKeyKind } from './keys.ts'
export type { PgpMessage, PgpOpenOptions } from './open.ts'
export type { PgpOpened } from './read.ts'

// biome-ignore lint/suspicious/noExplicitAny: any function fits here; the constants below keep each its own types
type Later<F extends (...args: any[]) => unknown> = (...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>

export const describePgpEncryption: Later<typeof describe.describePgpEncryption> = async (...args) =>
  (await import('./describe.ts')).describePgpEncryption(...args)
export const describePgpSignature: Later<typeof describe.describePgpSignature> = async (...args) =>
  (await import('./describe.ts')).describePgpSignature(...args)
export const pgpEncryptEntity: Later<typeof encrypt.pgpEncryptEntity> = async (...args) =>
  (await import('./encrypt.ts')).pgpEncryptEntity(...args)
export const generatePgpKey: Later<typeof keys.generatePgpKey> = async (...args) =>
  (await import('./keys.ts')).generatePgpKey(...args)
export const keyRecordOfPgp: Later<typeof keys.keyRecordOfPgp> = async (...args) =>
  (await import('./keys.ts')).keyRecordOfPgp(...args)
export const pgpFingerprint: Later<typeof keys.pgpFingerprint> = async (...args) =>
  (await import('./keys.ts')).pgpFingerprint(...args)
export const pgpKeyState: Later<typeof keys.pgpKeyState> = async (...args) =>
  (await import('./keys.ts')).pgpKeyState(...args)
export const pgpBlocksOf: Later<typeof inline.pgpBlocksOf> = async (...args) =>
  (await import('./inline.ts')).pgpBlocksOf(...args)
export const pgpReadSignedText: Later<typeof inline.pgpReadSignedText> = async (...args) =>
  (await import('./inline.ts')).pgpReadSignedText(...args)
export const pgpPublicPart: Later<typeof publicPart.pgpPublicPart> = async (...args) =>
  (await import('./public-part.ts')).pgpPublicPart(...args)
export const pgpCheckSignature: Later<typeof read.pgpCheckSignature> = async (...args) =>
  (await import('./read.ts')).pgpCheckSignature(...args)
export const pgpDecrypt: Later<typeof read.pgpDecrypt> = async (...args) =>
  (await import('./read.ts')).pgpDecrypt(...args)
export const pgpOpen: Later<typeof open.pgpOpen> = async (...args) => (await import('./open.ts')).pgpOpen(...args)
export const pgpReadSigned: Later<typeof open.pgpReadSigned> = async (...args) =>
  (await import('./open.ts')).pgpReadSigned(...args)
export const pgpVerify: Later<typeof read.pgpVerify> = async (...args) => (await import('./read.ts')).pgpVerify(...args)
export const pgpSignEntity: Later<typeof sign.pgpSignEntity> = async (...args) =>
  (await import('./sign.ts')).pgpSignEntity(...args)
