import type { JsonWebKey } from 'node:crypto'

/** Key material as the library holds it. */
export type Numbers = Readonly<Record<string, Uint8Array | undefined>>

/** OpenPGP keeps p < q and u = p^-1 mod q (RFC 9580 5.5.5.1); JWK wants qi = q^-1 mod p: the primes change places. */
export function rsaJwk(pub: Numbers, priv: Numbers): JsonWebKey {
  const d = integer(priv.d)
  return {
    kty: 'RSA',
    n: base64url(pub.n),
    e: base64url(pub.e),
    d: base64url(priv.d),
    p: base64url(priv.q),
    q: base64url(priv.p),
    dp: base64url(octets(d % (integer(priv.q) - 1n))),
    dq: base64url(octets(d % (integer(priv.p) - 1n))),
    qi: base64url(priv.u),
  }
}

export function base64url(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64url')
}

function integer(bytes: Uint8Array | undefined): bigint {
  return BigInt(`0x${Buffer.from(bytes ?? []).toString('hex') || '0'}`)
}

function octets(value: bigint): Buffer {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
}
