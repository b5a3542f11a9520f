import { type Config, config, enums } from 'openpgp'

/** Largest message or signed entity that is read in one piece, and the most that may come out of its compression. */
export const MAX_READ_BYTES = 64 * 1024 * 1024

/** Largest encrypted message that is opened in a stream, and the most that may come out of its compression. */
export const MAX_OPENED_BYTES = 256 * 1024 * 1024

/** More session keys than any honest sender writes; each one may cost a private-key operation. */
export const MAX_SESSION_KEYS = 256

/** More signatures over one content than any honest sender makes; each kind of hash is computed over all of it. */
export const MAX_SIGNATURES = 32

/**
 * The one configuration of the library (RFC 9580), passed to every call. Tighter than its defaults: nothing is released
 * before its integrity is known, decompression has an end, and no signature counts that rests on a broken hash.
 */
export const pgpConfig: Config = {
  ...config,
  maxDecompressedMessageSize: MAX_READ_BYTES,
  allowUnauthenticatedMessages: false,
  allowUnauthenticatedStream: false,
  allowInsecureDecryptionWithSigningKeys: false,
  allowInsecureVerificationWithReformattedKeys: false,
  allowMissingKeyFlags: false,
  // The library's own answer to PKCS#1 v1.5 oracles is RSA in JavaScript, 50 ms a message. OpenSSL since 3.2 answers bad
  // padding with random bytes in constant time (implicit rejection), which the library uses with this off. A test
  // holds Node to it.
  constantTimePKCS1Decryption: false,
  // 64 MiB, as much as the library itself would ask for; a hostile key may not ask for a terabyte.
  maxArgon2MemoryExponent: 16,
  minRSABits: 2047,
  enforceGrammar: true,
  ignoreMalformedPackets: false,
  enableParsingV5Entities: false,
  rejectHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd, enums.hash.sha1]),
  rejectMessageHashAlgorithms: new Set([enums.hash.md5, enums.hash.ripemd, enums.hash.sha1]),
  rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal, enums.publicKey.dsa]),
  rejectCurves: new Set([enums.curve.secp256k1]),
  preferredSymmetricAlgorithm: enums.symmetric.aes256,
  preferredHashAlgorithm: enums.hash.sha512,
  preferredCompressionAlgorithm: enums.compression.uncompressed,
  // Keys that gpg 2.2 reads: version 4, and no promise of SEIPD version 2.
  v6Keys: false,
  aeadProtect: false,
  showVersion: false,
  showComment: false,
}

/** An old revocation counts although its hash is weak: to ignore it would be the unsafe side. */
export const revocationConfig: Config = { ...pgpConfig, rejectHashAlgorithms: new Set([enums.hash.md5]) }

/** To tell a weak signature from a broken one; nothing counts as good because of it. */
export const weakConfig: Config = {
  ...pgpConfig,
  minRSABits: 1023,
  rejectHashAlgorithms: new Set(),
  rejectMessageHashAlgorithms: new Set(),
}
