/** Signature algorithms (RFC 7518, RFC 8037) that a foreign access token may carry: asymmetric ones. Never `none`, never a shared secret. */
export const TOKEN_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const
